package cell_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/internal/cell"
	"github.com/groupnb/groupnb/internal/symbols"
)

// session is a front end that has compiled some cells.
func session(t testing.TB, cells ...string) *cell.FrontEnd {
	t.Helper()
	f := cell.New(symbols.Importer(), symbols.Packages())
	for _, src := range cells {
		p, err := f.Compile("In[1]", src)
		if err != nil {
			t.Fatal(err)
		}
		f.Commit(p)
	}
	return f
}

const declared = `import "os"
// Point is a place.
type Point struct {
	X, Y int
	name string
}

// Dist is how far p is.
func (p *Point) Dist() int { return p.X + p.Y }

type Circle struct {
	Point
	R int
}
const Limit = 10

// double does as it says.
func double(n int) int { return 2 * n }

type Stack[T any] struct{ items []T }
func (s *Stack[T]) Push(x T) { s.items = append(s.items, x) }

total, points := 0, []Point{{1, 2, "a"}}
c := Circle{R: 3}
st := &Stack[int]{}`

// In each source, | is the cursor.
func TestComplete(t *testing.T) {
	f := session(t, declared)
	for _, c := range []struct {
		name, src string
		want      []string // these, in this order
		absent    []string
	}{
		{"member of an imported package", "os.Getw|", []string{"Getwd"}, nil},
		{"member of a package that would be imported", "strings.ToUp|", []string{"ToUpper", "ToUpperSpecial"}, nil},
		{"all members", "strings.|", []string{"Builder", "Clone", "Compare"}, nil},
		{"case does not matter", "strings.toupper|", []string{"ToUpper"}, nil},
		{"fields and methods", "c.|", []string{"Dist", "Point", "R", "X", "Y", "name"}, nil},
		{"element", "points[0].|", []string{"Dist", "X", "Y", "name"}, nil},
		{"call result", "strings.NewReader(\"\").Re|", []string{"Read", "ReadAt", "ReadByte", "ReadRune", "Reset"}, nil},
		{"generic type", "st.Pu|", []string{"Push"}, nil},
		{"unexported members of compiled types are hidden", "var b strings.Builder\nb.|", []string{"Cap", "Grow"}, []string{"buf"}},
		{"session name", "dou|", []string{"double"}, nil},
		{"session variable and type", "po|", []string{"points", "Point"}, nil},
		{"local", "func f(alpha int) { albatross := 1; al| }", []string{"albatross", "alpha"}, nil},
		{"local of an unfinished function", "func f(alpha int) {\n\tfor _, item := range points {\n\t\titem.|", []string{"Dist", "X", "Y", "name"}, nil},
		{"local out of scope", "func f() { { alone := 1; _ = alone }; alo| }", nil, []string{"alone"}},
		{"local of a later statement", "al|\nalso := 1", nil, []string{"also"}},
		{"variable of this cell", "box := Point{}\nbox.|", []string{"Dist", "X", "Y", "name"}, nil},
		{"variable of this cell in its function", "box := Point{}\nfunc f() { box.D| }", []string{"Dist"}, nil},
		{"type of this cell", "type New struct{ Alpha int }\nvar n New\nn.|", []string{"Alpha"}, nil},
		{"method of this cell's type", "type New struct{}\nfunc (New) Go() {}\nNew{}.|", []string{"Go"}, nil},
		{"receiver", "func (p *Point) Far() bool { return p.| }", []string{"Dist", "X", "Y", "name"}, nil},
		{"literal's fields", "Circle{R|}", []string{"R"}, nil},
		{"literal's field names", "Circle{R: 1, Po|: 2}", []string{"Point"}, nil},
		{"keyword", "retu|", []string{"return"}, nil},
		{"builtin", "appe|", []string{"append"}, nil},
		{"package name", "bufi|", []string{"bufio"}, nil},
		{"import path", "import \"encoding/j|\"", []string{"encoding/json"}, nil},
		{"unfinished import path", "import (\n\t\"fmt\"\n\t\"encoding/js|", []string{"encoding/json"}, nil},
		{"other code is wrong", "undefinedThing(1, )\nfor {\nos.Getw|\nx y z", []string{"Getwd"}, nil},
		{"unknown operand", "nothing.|", nil, []string{"total"}},
		{"string", "\"os.Getw|\"", nil, []string{"Getwd"}},
		{"comment", "// os.Getw|", nil, []string{"Getwd"}},
		{"after a string", "\"a\"|", nil, []string{"total"}},
		{"in the middle of a word", "os.Get|wd()", []string{"Getegid", "Getenv"}, nil},
		{"empty cell", "|", []string{"Circle", "Limit", "Point"}, []string{"for", "bufio"}},
		{"beyond ASCII", "größe := points\ngrö|", []string{"größe"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			cursor := strings.IndexByte(c.src, '|')
			src := c.src[:cursor] + c.src[cursor+1:]
			got := f.Complete(src, cursor)
			if got.Start > cursor || got.End != cursor || got.Start < 0 {
				t.Errorf("it would replace %d to %d, the cursor is at %d", got.Start, got.End, cursor)
			}
			var texts []string
			for _, i := range got.Items {
				texts = append(texts, i.Text)
				if i.Kind == "" {
					t.Errorf("%s has no kind", i.Text)
				}
			}
			if n := len(c.want); len(texts) < n || !slices.Equal(texts[:n], c.want) {
				t.Errorf("got %q, want %q", texts[:min(len(texts), max(n, 10))], c.want)
			}
			for _, a := range c.absent {
				if slices.Contains(texts, a) {
					t.Errorf("%s is among them", a)
				}
			}
		})
	}
	if p, err := f.Compile("In[2]", "double(c.Dist()) + total"); err != nil || p == nil {
		t.Errorf("completion changed the session: %v", err)
	}
}

func TestCompletionItems(t *testing.T) {
	f := session(t, declared)
	for src, want := range map[string]cell.Item{
		"doubl":         {Text: "double", Kind: "func", Type: "func(n int) int"},
		"Limi":          {Text: "Limit", Kind: "const", Type: "untyped int"},
		"Circl":         {Text: "Circle", Kind: "type", Type: "struct{Point; R int}"},
		"tota":          {Text: "total", Kind: "var", Type: "int"},
		"c.R":           {Text: "R", Kind: "field", Type: "int"},
		"c.Dis":         {Text: "Dist", Kind: "method", Type: "func() int"},
		"strings.Index": {Text: "Index", Kind: "func", Type: "func(s string, substr string) int"},
	} {
		if got := f.Complete(src, len(src)); len(got.Items) == 0 || got.Items[0] != want {
			t.Errorf("%s: %+v, want %+v", src, got.Items, want)
		}
	}
}

func TestInspect(t *testing.T) {
	f := session(t, declared)
	for _, c := range []struct {
		name, src  string
		want       cell.Doc
		sourceHas  string
		signaturIs string
	}{
		{name: "function of a package", src: "strings.ToUp|per(\"a\")", want: cell.Doc{Name: "ToUpper", Signature: "func strings.ToUpper(s string) string", Path: "strings", Symbol: "ToUpper"}},
		{name: "between the parentheses of a call", src: "strings.ToUpper(|", want: cell.Doc{Name: "ToUpper", Signature: "func strings.ToUpper(s string) string", Path: "strings", Symbol: "ToUpper"}},
		{name: "second argument", src: "strings.Repeat(\"a\", |)", want: cell.Doc{Name: "Repeat", Signature: "func strings.Repeat(s string, count int) string", Path: "strings", Symbol: "Repeat"}},
		{name: "method of a package's type", src: "var b strings.Builder\nb.Gr|ow(3)", want: cell.Doc{Name: "Grow", Signature: "func (*strings.Builder).Grow(n int)", Path: "strings", Symbol: "Builder.Grow"}},
		{name: "field of a package's type", src: "http.Client{}.Time|out", want: cell.Doc{Name: "Timeout", Signature: "field Timeout time.Duration", Path: "net/http", Symbol: "Client.Timeout"}},
		{name: "package", src: "stri|ngs.ToUpper", want: cell.Doc{Name: "strings", Signature: "package strings // import \"strings\"", Path: "strings"}},
		{name: "builtin", src: "app|end", want: cell.Doc{Name: "append", Signature: "builtin append", Path: "builtin", Symbol: "append"}},
		{name: "function of the notebook", src: "dou|ble(1)", want: cell.Doc{Name: "double", Signature: "func double(n int) int", Text: "double does as it says."}, sourceHas: "{ return 2 * n }"},
		{name: "type of the notebook", src: "Poi|nt{}", want: cell.Doc{Name: "Point", Signature: "type Point struct {\n\tX int\n\tY int\n\tname string\n}", Text: "Point is a place."}, sourceHas: "type Point struct"},
		{name: "method of the notebook", src: "c.Di|st()", want: cell.Doc{Name: "Dist", Signature: "func (*Point).Dist() int", Text: "Dist is how far p is."}, sourceHas: "func (p *Point) Dist"},
		{name: "variable of the notebook", src: "tot|al", want: cell.Doc{Name: "total", Signature: "var total int"}},
		{name: "local", src: "func f(alpha int) { alp|ha++ }", want: cell.Doc{Name: "alpha", Signature: "var alpha int"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cursor := strings.IndexByte(c.src, '|')
			src := c.src[:cursor] + c.src[cursor+1:]
			got, ok := f.Inspect(src, cursor, 0)
			if !ok || got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			if got, _ := f.Inspect(src, cursor, 1); !strings.Contains(got.Source, c.sourceHas) {
				t.Errorf("source %q", got.Source)
			}
		})
	}
	for _, src := range []string{"", "nothing", "1 + 2", "x.y.z", "\"strings\""} {
		if d, ok := f.Inspect(src, len(src), 0); ok && src != "\"strings\"" {
			t.Errorf("%q is described: %+v", src, d)
		}
	}
}

func FuzzCompleteAndInspect(f *testing.F) {
	f.Add("for i := range strings.Fields(", 30)
	f.Add("type T struct { a []", 12)
	f.Add("func (t T) m() { t.", 19)
	s := session(f, declared)
	f.Fuzz(func(t *testing.T, src string, cursor int) {
		c := s.Complete(src, cursor)
		if c.Start < 0 || c.Start > c.End || c.End > len(src) {
			t.Errorf("%+v of %q", c, src)
		}
		s.Inspect(src, cursor, 1)
	})
}

func BenchmarkFirstCompletion(b *testing.B) {
	for b.Loop() {
		cell.New(symbols.Importer(), symbols.Packages()).Complete("strings.To", 10)
	}
}

func BenchmarkCompletion(b *testing.B) {
	f := session(b, declared)
	f.Complete("points[0].", 10)
	for b.Loop() {
		f.Complete("points[0].", 10)
	}
}
