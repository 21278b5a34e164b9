package torchfile

import (
	"archive/zip"
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const vector = "../../testdata/interop/tiny_init.pt"

func parse(raw []byte) (*File, error) { return Parse(bytes.NewReader(raw), int64(len(raw))) }

func TestReadWhatPyTorchWrote(t *testing.T) {
	raw, err := os.ReadFile(vector)
	if err != nil {
		t.Fatal(err)
	}
	f, err := parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Names()); n != 98 {
		t.Errorf("%d tensors, want 98", n)
	}
	if s, ok := f.Shape("layer1.0.conv2.weight"); !ok || !cmp.Equal(s, []int{8, 2, 3, 3}) {
		t.Errorf("shape %v", s)
	}
	w := make([]float32, 16)
	if err := f.Read("bn1.weight", w); err != nil {
		t.Error(err)
	}
}

func TestWriteThenRead(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	data := []float32{1, 2, 3, 4, 5, 6}
	if err := w.Write("fc.weight", []int{2, 3}, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, 6)
	if err := f.Read("fc.weight", got); err != nil || !cmp.Equal(got, data) {
		t.Errorf("%v, %v", got, err)
	}
}

// archive builds a file of a pickle and one storage of n bytes.
func archive(program string, n int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string]string{"x/data.pkl": program, "x/data/0": strings.Repeat("\x00", n)} {
		w, _ := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		w.Write([]byte(content))
	}
	z.Close()
	return b.Bytes()
}

const storageOf4 = "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"

func rebuildOf(storage, rest string) string {
	return "\x80\x02}(X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n(" + storage + rest + "\x89)tRu."
}

func TestTransposedTensorsKeepTheirOrder(t *testing.T) {
	f, err := parse(archive(rebuildOf(storageOf4, "K\x00K\x02K\x02\x86K\x01K\x02\x86"), 16))
	if err != nil {
		t.Fatal(err)
	}
	if got := []int{f.tensors["w"].place(0), f.tensors["w"].place(1), f.tensors["w"].place(2), f.tensors["w"].place(3)}; !cmp.Equal(got, []int{0, 2, 1, 3}) {
		t.Errorf("places %v", got)
	}
}

// bomb is archive with a compressed storage: a few kilobytes that stand for n bytes.
func bomb(program string, n int) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("x/data.pkl")
	w.Write([]byte(program))
	w, _ = z.Create("x/data/0")
	w.Write(make([]byte, n))
	z.Close()
	return b.Bytes()
}

// nested is a program whose one value is a pair of pairs of pairs, 2 to the power of depth leaves from a few bytes.
func nested(depth int) string {
	return "\x80\x02K\x01" + strings.Repeat("q\x00h\x00\x86", depth)
}

func TestHostileFilesAreRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"not an archive", []byte("hello"), "before PyTorch 1.6"},
		{"calls a program", archive("\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.", 0), `wants to use "os system"`},
		{"calls a program the new way", archive("\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", 0), `only plain tensors are read`},
		{"names a class by instance", archive("\x80\x02i__main__\nX\n.", 0), "instruction 0x69"},
		{"truncated", archive("\x80\x02}", 0), "truncated"},
		{"string longer than the file", archive("\x80\x02X\xff\xff\xff\x7fab.", 0), "truncated"},
		{"empty stack", archive("\x80\x02.", 0), "the stack is empty"},
		{"not a dictionary", archive("\x80\x02K\x01.", 0), "not a dictionary of tensors"},
		{"shape larger than the storage", archive(rebuildOf(storageOf4, "K\x00K\x05\x85K\x01\x85"), 16), "does not fit into 4 numbers"},
		{"repeated by stride 0", archive(rebuildOf(storageOf4, "K\x00J\xff\xff\xff\x7f\x85K\x00\x85"), 16), "does not fit into 4 numbers"},
		{"offset behind the end", archive(rebuildOf(storageOf4, "K\x04K\x01\x85K\x01\x85"), 16), "does not fit into 4 numbers"},
		{"storage shorter than promised", archive(rebuildOf(storageOf4, "K\x00K\x01\x85K\x01\x85"), 12), "data/0 has 12 bytes, want 4 numbers of 4"},
		{"compressed numbers", bomb(rebuildOf(storageOf4, "K\x00K\x01\x85K\x01\x85"), 16), "data/0 is compressed"},
		{"a name that explodes when printed", archive(nested(60)+"K\x01\x93.", 0), "a name made of torchfile.tuple and int"},
		{"a function that explodes when printed", archive(nested(60)+")R.", 0), "can't call a torchfile.tuple"},
		{"a key that explodes when printed", archive("\x80\x02}"+nested(60)[2:]+"K\x01s.", 0), "a key is a torchfile.tuple"},
		{"a tensor of nine dimensions", archive(rebuildOf(storageOf4, "K\x00(K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01t(K\x00K\x00K\x00K\x00K\x00K\x00K\x00K\x00K\x00t"), 16), "impossible arguments"},
		{"negative size", archive(rebuildOf(storageOf4, "K\x00J\xff\xff\xff\xff\x85K\x01\x85"), 16), "impossible arguments"},
	} {
		if _, err := parse(c.raw); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("\x80\x02}(X\x01\x00\x00\x00au.")
	f.Add(rebuildOf(storageOf4, "K\x00K\x02K\x02\x86K\x01K\x02\x86"))
	f.Add("\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94N\x8a\x01\xffs.")
	f.Fuzz(func(t *testing.T, program string) {
		p, err := parse(archive(program, 16))
		if err != nil {
			return
		}
		for _, n := range p.Names() {
			s, _ := p.Shape(n)
			count := 1
			for _, d := range s {
				count *= d
			}
			if err := p.Read(n, make([]float32, count)); err != nil {
				t.Errorf("a tensor of an accepted file can't be read: %v", err)
			}
		}
	})
}
