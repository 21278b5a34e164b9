package nn

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/groupnb/groupnb/nn/internal/safetensors"
)

// fuzzers names the fuzz target of everything that reads files: functions of nn with a path, those of nn/data that make
// sets, and the formats' parsers.
var fuzzers = map[string]string{
	"Model.Load":              "FuzzLoad",
	"ImportONNX":              "FuzzImport",
	"Resume":                  "FuzzResume",
	"data.FashionMNIST":       "data.FuzzPart",
	"data.FashionMNISTSubset": "data.FuzzPart",
	"data.IDX":                "data.FuzzReadIDX",
	"data.CIFAR10":            "data.FuzzCIFARParts",
	"data.CIFAR100":           "data.FuzzCIFARSet",
	"data.Folder":             "data.FuzzPicture",
	"data.Digits":             "data.FuzzDigits",
	"npz.Parse":               "npz.FuzzParse",
	"npz.ParseNPY":            "npz.FuzzParse",
	"onnx.Parse":              "onnx.FuzzParse",
	"safetensors.Parse":       "safetensors.FuzzParse",
	"safetensors.ParseBytes":  "safetensors.FuzzParse",
	"torchfile.Parse":         "torchfile.FuzzParse",
	"Model.Save":              "", // writers
	"Model.ExportONNX":        "",
	"SaveBest":                "",
	"Checkpoint":              "",
	"data.NewSet":             "", // takes bytes that the program has
}

func TestEveryReaderHasAFuzzTarget(t *testing.T) {
	readers, targets := map[string]bool{"Resume": true}, map[string]bool{"": true}
	for _, path := range glob(t, "*.go", "data/*.go", "internal/*/*.go") {
		prefix := ""
		if dir := filepath.Base(filepath.Dir(path)); dir != "." {
			prefix = dir + "."
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			switch {
			case !ok || !fn.Name.IsExported():
			case strings.HasSuffix(path, "_test.go"):
				targets[prefix+fn.Name.Name] = true
			case readsFiles(fn, prefix):
				name := fn.Name.Name
				if fn.Recv != nil {
					name = typeName(fn.Recv.List[0].Type) + "." + name
				}
				readers[prefix+name] = true
			}
		}
	}
	for name := range readers {
		if target, ok := fuzzers[name]; !ok || !targets[target] {
			t.Errorf("%s has no fuzz target (%q)", name, target)
		}
		delete(fuzzers, name)
	}
	for name := range fuzzers {
		t.Errorf("there is no reader %s", name)
	}
}

func readsFiles(fn *ast.FuncDecl, prefix string) bool {
	params := fn.Type.Params.List
	takesPath := len(params) > 0 && len(params[0].Names) > 0 && params[0].Names[0].Name == "path"
	switch prefix {
	case "":
		return takesPath
	case "data.":
		return fn.Recv == nil && fn.Type.Results != nil && slices.ContainsFunc(fn.Type.Results.List, func(r *ast.Field) bool { return typeName(r.Type) == "Set" })
	}
	return strings.HasPrefix(fn.Name.Name, "Parse")
}

var endings = []string{".safetensors", ".npz", ".pt"}

func FuzzLoad(f *testing.F) {
	net := func() *Model { return Sequential(Conv2D(1, 2, 1), BatchNorm2D(2)) }
	for i, ending := range endings {
		path := filepath.Join(f.TempDir(), "m"+ending)
		if err := net().Save(path); err != nil {
			f.Fatal(err)
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, i)
	}
	f.Fuzz(func(t *testing.T, raw []byte, i int) {
		if i < 0 || i >= len(endings) {
			return
		}
		w, err := parseWeightsAt(bytes.NewReader(raw), int64(len(raw)), endings[i])
		if err != nil {
			return
		}
		for _, c := range []loadConfig{{}, {partial: true}} {
			m := net()
			m.load(w, c)
			m.Forward(NewTensor(1, 1, 2, 2), false)
		}
	})
}

func FuzzResume(f *testing.F) {
	run := func() *fitting {
		m := Sequential(Flatten(), Linear(64, 3))
		c := fitConfig{epochs: 3, loss: CrossEntropy(), schedule: ReduceOnPlateau(0.1, 1), accumulate: 1, average: 0.9, best: true}
		return &fitting{fitConfig: c, model: m, opt: SGD(0.1, Momentum(0.9)), params: m.Params(), history: &History{}, record: newRecord(),
			train: batches(newBars(8), 4)}
	}
	path := filepath.Join(f.TempDir(), "run.safetensors")
	_, err := run().model.Fit(batches(newBars(8), 4), SGD(0.1, Momentum(0.9)), Checkpoint(path), EMA(0.9), Quiet())
	if err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := safetensors.ParseBytes(raw)
		if err != nil {
			return
		}
		r := run()
		epochs, err := r.resumeFrom(s)
		if err == nil && (epochs < 0 || r.step < 0) {
			t.Errorf("%d epochs and %d steps", epochs, r.step)
		}
	})
}

// FuzzModelSpec builds whatever a file of JSON asks for, unless it is large.
func FuzzModelSpec(f *testing.F) {
	for _, n := range torchNets {
		f.Add([]byte(`{"layers": [` + n.layers + `]}`))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s ModelSpec
		if json.Unmarshal(raw, &s) != nil || regexp.MustCompile(`\d{3}|[eE]\d`).Match(raw) {
			return
		}
		if m, err := s.Build(1); err == nil {
			_ = m.String()
		}
	})
}
