package nn

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadWeightsThatPyTorchAndNumPyWrote(t *testing.T) {
	io := readVectors(t, "testdata/interop/tiny_io.safetensors")
	for _, file := range []string{"interop/tiny_init.pt", "interop/tiny_init.npz", "interop/tiny_init_deflate.npz", "resnext/tiny_init.safetensors"} {
		m := tinyResNeXt()
		if err := m.Load("testdata/" + file); err != nil {
			t.Error(err)
			continue
		}
		io.near("eval_logits", m.Forward(io.tensor("x"), false).Data, 2e-6)
	}
}

func TestSaveThenLoad(t *testing.T) {
	for _, ending := range []string{".safetensors", ".npz", ".pt"} {
		path := filepath.Join(t.TempDir(), "m"+ending)
		a, b := smallNet(), smallNet()
		a.Fit(batches(newBars(32), 16), SGD(0.1), Quiet())
		if err := a.Save(path); err != nil {
			t.Fatal(err)
		}
		if err := b.Init(9).Load(path); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(weights(a), weights(b)) {
			t.Errorf("%s: other weights came back", ending)
		}
		again := path + ending
		if err := b.Save(again); err != nil {
			t.Fatal(err)
		}
		x, _ := os.ReadFile(path)
		y, _ := os.ReadFile(again)
		if !slices.Equal(x, y) {
			t.Errorf("%s: saving the same weights twice gives different bytes", ending)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestWeightsThatDoNotFitAreListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	a := Sequential(Conv2D(1, 4, 3), BatchNorm2D(4), Flatten(), Linear(16, 10))
	if err := a.Save(path); err != nil {
		t.Fatal(err)
	}
	b := Sequential(Conv2D(1, 4, 3), Flatten(), Linear(16, 7), ReLU(), Linear(7, 3))
	before := slices.Clone(weights(b))
	err := b.Load(path)
	for _, want := range []string{
		"load " + path + ": 8 tensors don't fit: ",
		"fc1.weight is (10, 16) in the file and (7, 16) in the model", "fc2.bias (3) is missing", "bn1.running_var is not in the model",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if !slices.Equal(before, weights(b)) {
		t.Error("a refused file changed the model")
	}
	if err := b.Load(path, Matching()); err != nil || !slices.Equal(b.Param("conv1.weight").Value.Data, a.Param("conv1.weight").Value.Data) {
		t.Errorf("Matching: %v", err)
	}
	c := Sequential(Named("stem", Conv2D(1, 4, 3)))
	err = c.Load(path, Rename(func(s string) string {
		if rest, ok := strings.CutPrefix(s, "conv1."); ok {
			return "stem." + rest
		}
		return ""
	}))
	if err != nil || !slices.Equal(c.Param("stem.weight").Value.Data, a.Param("conv1.weight").Value.Data) {
		t.Errorf("Rename: %v", err)
	}
}

func TestFilesThatAreNotThereOrDamaged(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.npz"):      "load: open ",
		write("a.h5", "x"):                  "the ending must be .safetensors, .npz or .pt",
		write("b.safetensors", "12345678x"): "b.safetensors: the header should have",
		write("c.npz", "PK"):                "c.npz: zip: not a valid zip file",
		write("d.pt", "PK"):                 "d.pt: zip: not a valid zip file (files from before PyTorch 1.6 are not supported)",
	} {
		if err := smallNet().Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := smallNet().Save(filepath.Join(dir, "m.onnxx")); err == nil || !strings.Contains(err.Error(), "the ending must be") {
		t.Error(err)
	}
}
