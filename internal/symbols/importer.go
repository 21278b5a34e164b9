package symbols

import (
	"bytes"
	"fmt"
	"go/token"
	"go/types"
	"sync"

	"golang.org/x/tools/go/gcexportdata"
)

// Importer returns an importer of the embedded packages. It reads each when first imported and gives the same
// *types.Package ever after; different importers share nothing. It is safe for concurrent use.
func Importer() types.Importer {
	return &importer{fset: token.NewFileSet(), packages: map[string]*types.Package{"unsafe": types.Unsafe}}
}

type importer struct {
	mu       sync.Mutex
	fset     *token.FileSet
	packages map[string]*types.Package
}

func (i *importer) Import(path string) (*types.Package, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	// A package that others mention is here before it is complete.
	if p := i.packages[path]; p != nil && p.Complete() {
		return p, nil
	}
	data, err := read("types/" + path)
	if err != nil {
		return nil, fmt.Errorf("package %s is not available in cells", path)
	}
	return gcexportdata.Read(bytes.NewReader(data), i.fset, i.packages, path)
}
