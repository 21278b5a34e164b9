package worker

import (
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
	p.newDone()
	select {
	case <-p.getDone():
		t.Error("the channel is not open")
	default:
	}
}
