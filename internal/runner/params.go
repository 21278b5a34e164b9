package runner

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/groupnb/groupnb/internal/notebook"
)

// Tags of the cell that declares parameters and of the cell that sets them.
const (
	tagParameters = "parameters"
	tagInjected   = "injected-parameters"
)

// A Parameter is a variable that the cell tagged parameters declares.
type Parameter struct {
	Name    string
	Type    string // int, float64, string or bool; "" if the cell leaves it to an expression
	Default string // in Go
	Comment string // behind the declaration
}

// Parameters returns what can be set in a notebook, in the order of its declarations.
func Parameters(nb *notebook.Notebook) ([]Parameter, error) {
	i := parametersCell(nb)
	if i < 0 {
		return nil, nil
	}
	return parseParameters(nb.Cells[i].Source)
}

func parametersCell(nb *notebook.Notebook) int {
	return slices.IndexFunc(nb.Cells, func(c *notebook.Cell) bool { return c.Type == notebook.Code && c.HasTag(tagParameters) })
}

func parseParameters(source string) ([]Parameter, error) {
	const before = "package p\nfunc _() {\n"
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", before+source+"\n}", parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("the cell tagged parameters may hold only declarations such as lr := 0.1: %w", err)
	}
	text := func(n ast.Node) string { return (before + source)[n.Pos()-1 : n.End()-1] }
	comments := map[int]string{}
	for _, group := range file.Comments {
		comments[fset.Position(group.Pos()).Line] = strings.TrimSpace(group.Text())
	}
	var found []Parameter
	add := func(name *ast.Ident, typ, value ast.Expr) {
		p := Parameter{Name: name.Name, Comment: comments[fset.Position(name.Pos()).Line]}
		if value != nil {
			p.Default, p.Type = text(value), typeOf(value)
		}
		if typ != nil {
			p.Type = text(typ)
		}
		found = append(found, p)
	}
	for _, stmt := range file.Decls[0].(*ast.FuncDecl).Body.List {
		switch s := stmt.(type) {
		case *ast.AssignStmt:
			for i, l := range s.Lhs {
				if name, ok := l.(*ast.Ident); ok && s.Tok == token.DEFINE && len(s.Rhs) == len(s.Lhs) {
					add(name, nil, s.Rhs[i])
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				v, ok := spec.(*ast.ValueSpec)
				for i := 0; ok && s.Decl.(*ast.GenDecl).Tok == token.VAR && i < len(v.Names); i++ {
					var value ast.Expr
					if i < len(v.Values) {
						value = v.Values[i]
					}
					add(v.Names[i], v.Type, value)
				}
			}
		}
	}
	return found, nil
}

// typeOf returns the type that a literal gives a variable, "" if the expression doesn't show it.
func typeOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.UnaryExpr:
		if e.Op == token.SUB || e.Op == token.ADD {
			return typeOf(e.X)
		}
	case *ast.BasicLit:
		return map[token.Token]string{token.INT: "int", token.FLOAT: "float64", token.STRING: "string"}[e.Kind]
	case *ast.Ident:
		if e.Name == "true" || e.Name == "false" {
			return "bool"
		}
	}
	return ""
}

// Set gives parameters values, as a cell of plain assignments behind the one that declares them. Values of type string
// are taken as they are, others as Go. An unknown name or a value of the wrong type is an error, and nothing changes.
func Set(nb *notebook.Notebook, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	at := parametersCell(nb)
	if at < 0 {
		return fmt.Errorf("no cell is tagged %s, so nothing can be set", tagParameters)
	}
	params, err := parseParameters(nb.Cells[at].Source)
	if err != nil {
		return err
	}
	var lines []string
	for _, p := range params {
		if v, ok := values[p.Name]; ok {
			expr, err := p.expression(v)
			if err != nil {
				return err
			}
			lines = append(lines, p.Name+" = "+expr)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.ContainsFunc(params, func(p Parameter) bool { return p.Name == name }) {
			return unknownParameter(name, params)
		}
	}
	nb.Cells = slices.DeleteFunc(nb.Cells, func(c *notebook.Cell) bool { return c.HasTag(tagInjected) })
	at = parametersCell(nb)
	c := nb.Add(notebook.Code, strings.Join(lines, "\n"))
	c.ID = tagInjected
	c.Metadata["tags"] = []any{tagInjected}
	nb.Cells = slices.Insert(nb.Cells[:len(nb.Cells)-1], at+1, c)
	return nil
}

// expression returns the Go text of a value.
func (p Parameter) expression(v string) (string, error) {
	var err error
	switch p.Type {
	case "string":
		return strconv.Quote(v), nil
	case "bool":
		_, err = strconv.ParseBool(v)
	case "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64":
		_, err = strconv.ParseInt(v, 0, 64)
	case "float32", "float64":
		_, err = strconv.ParseFloat(v, 64)
	default:
		_, err = parser.ParseExpr(v)
	}
	if err != nil {
		kind := p.Type
		if kind == "" {
			kind = "Go expression"
		}
		return "", fmt.Errorf("parameter %s: %q is no %s", p.Name, v, kind)
	}
	return v, nil
}

func unknownParameter(name string, params []Parameter) error {
	var names []string
	for _, p := range params {
		if distance(p.Name, name) <= max(1, len(name)/3) || strings.EqualFold(p.Name, name) {
			return fmt.Errorf("no parameter is called %s; did you mean %s?", name, p.Name)
		}
		names = append(names, p.Name)
	}
	return fmt.Errorf("no parameter is called %s; there are %s", name, strings.Join(names, ", "))
}

// distance is the number of letters to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
