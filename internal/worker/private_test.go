package worker

import (
	"fmt"
	"go/parser"
	"os"
	"regexp"
	"testing"

	"github.com/traefik/yaegi/interp"
)

// private.go was written for this version, and the interpreter's ways that the package works around are this version's.
const yaegiVersion = "v0.16.1"

func TestInterpreterIsTheOneKnown(t *testing.T) {
	data, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`github\.com/traefik/yaegi (v\S+)`).FindSubmatch(data)
	if m == nil || string(m[1]) != yaegiVersion {
		t.Errorf("go.mod has yaegi %s; check private.go against it, then change yaegiVersion", m)
	}
}

func TestPrivateFields(t *testing.T) {
	in := interp.New(interp.Options{})
	p := privateFields(in)
	id := p.bumpID()
	if p.bumpID() != id+1 {
		t.Error("the run id does not count")
	}
	p.setID(id)
	if p.bumpID() != id {
		t.Error("the run id is not set back")
	}
}

// New globals do not replace the frame, which goroutines of earlier cells read.
func TestGlobalsHaveRoom(t *testing.T) {
	in := interp.New(interp.Options{})
	p := privateFields(in)
	p.ownGlobals()
	frame := &(*p.globals)[0]
	for i := range 3 {
		file, err := parser.ParseFile(in.FileSet(), "_.go", fmt.Sprintf("package main\nvar x%d = %d", i, 40+i), 0)
		if err != nil {
			t.Fatal(err)
		}
		program, err := in.CompileAST(file)
		if err != nil {
			t.Fatal(err)
		}
		p.fillGlobals()
		if _, err := in.Execute(program); err != nil {
			t.Fatal(err)
		}
	}
	if frame != &(*p.globals)[0] {
		t.Error("the frame was replaced")
	}
	for i := range 3 {
		if v, err := in.Eval(fmt.Sprintf("x%d", i)); err != nil || v.Int() != int64(40+i) {
			t.Errorf("x%d is %v, %v", i, v, err)
		}
	}
}
