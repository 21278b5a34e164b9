package notebook

import (
	"strings"
	"testing"
)

func TestFormatCell(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"statements", "x:=1\nif x>0{\nprint( x )}", "x := 1\nif x > 0 {\n\tprint(x)\n}"},
		{"declarations", "func f( ){ }", "func f() {}"},
		{"a mixture", "import(\"fmt\"\n\"os\")\n// a comment\nx:=1 // x\n\nfunc f(){}\nfmt.Println( x )",
			"import (\n\t\"fmt\"\n\t\"os\"\n)\n// a comment\nx := 1 // x\n\nfunc f() {}\nfmt.Println(x)"},
		{"what gofmt can't read", "x := (", "x := ("},
		{"magic", "%time\nx:=1", "%time\nx:=1"},
		{"empty", "", ""},
		{"a raw string over lines", "s:=`a\n  b`\nimport \"os\"", "s := `a\n  b`\nimport \"os\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := FormatCell(c.in)
			if got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if again := FormatCell(got); again != got {
				t.Errorf("formatted again\n%s", again)
			}
		})
	}
}

func FuzzFormatCell(f *testing.F) {
	f.Add("import \"fmt\"\nx:=1\nfunc f(){}")
	f.Fuzz(func(t *testing.T, source string) {
		if got := strings.Join(items(source), ""); got != source {
			t.Errorf("%q was cut into %q", source, items(source))
		}
		FormatCell(source)
	})
}
