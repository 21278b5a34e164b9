package cell

import (
	"go/types"
	"slices"
	"sync"
)

// An env gives type parameters their arguments while a generic declaration is lowered for one instance.
type env map[*types.TypeParam]types.Type

// subst returns t with type parameters replaced.
func (v env) subst(t types.Type) types.Type {
	if len(v) == 0 || t == nil {
		return t
	}
	return substitution{params: v}.subst(t)
}

// replaceNamed returns t with types in their new version.
func replaceNamed(t types.Type, versions map[*types.TypeName]*types.Named) types.Type {
	return substitution{named: versions}.subst(t)
}

// A substitution replaces type parameters and named types by others.
type substitution struct {
	params env
	named  map[*types.TypeName]*types.Named
}

func (v substitution) subst(t types.Type) types.Type {
	switch t := t.(type) {
	case *types.TypeParam:
		if r := v.params[t]; r != nil {
			return r
		}
	case *types.Alias:
		return v.subst(types.Unalias(t))
	case *types.Named:
		return v.substNamed(t)
	case *types.Pointer:
		if e := v.subst(t.Elem()); e != t.Elem() {
			return types.NewPointer(e)
		}
	case *types.Slice:
		if e := v.subst(t.Elem()); e != t.Elem() {
			return types.NewSlice(e)
		}
	case *types.Array:
		if e := v.subst(t.Elem()); e != t.Elem() {
			return types.NewArray(e, t.Len())
		}
	case *types.Chan:
		if e := v.subst(t.Elem()); e != t.Elem() {
			return types.NewChan(t.Dir(), e)
		}
	case *types.Map:
		k, e := v.subst(t.Key()), v.subst(t.Elem())
		if k != t.Key() || e != t.Elem() {
			return types.NewMap(k, e)
		}
	case *types.Tuple:
		if r := v.substTuple(t); r != t {
			return r
		}
	case *types.Signature:
		p, r := v.substTuple(t.Params()), v.substTuple(t.Results())
		if p != t.Params() || r != t.Results() {
			return types.NewSignatureType(t.Recv(), nil, nil, p, r, t.Variadic())
		}
	case *types.Struct:
		return v.substStruct(t)
	case *types.Interface:
		return v.substInterface(t)
	}
	return t
}

func (v substitution) substNamed(t *types.Named) types.Type {
	if params := v.around(t); len(params) > 0 {
		args := make([]types.Type, len(params))
		for i, p := range params {
			args[i] = v.params[p]
		}
		return instantiate(general(t, params), args)
	}
	n := t.TypeArgs().Len()
	origin := t.Origin()
	changed := false
	if r := v.named[t.Obj()]; r != nil && r.TypeParams().Len() == n {
		if n == 0 {
			return r
		}
		origin, changed = r, true
	}
	args := make([]types.Type, n)
	for i := range n {
		args[i] = v.subst(t.TypeArgs().At(i))
		changed = changed || args[i] != t.TypeArgs().At(i)
	}
	if !changed {
		return t
	}
	return instantiate(origin, args)
}

func instantiate(origin *types.Named, args []types.Type) types.Type {
	t, err := types.Instantiate(instances, origin, args, false)
	if err != nil { // the number of arguments is wrong
		panic(err)
	}
	return t
}

// instances makes equal instances identical pointers.
var instances = types.NewContext()

// around returns the type parameters of the function in which t is declared, if they are to be replaced.
func (v substitution) around(t *types.Named) (params []*types.TypeParam) {
	if t.TypeArgs().Len() > 0 {
		return nil
	}
	for s := t.Obj().Parent(); s != nil; s = s.Parent() {
		for p := range v.params {
			if p.Obj().Parent() == s {
				params = append(params, p)
			}
		}
	}
	slices.SortFunc(params, func(a, b *types.TypeParam) int { return a.Index() - b.Index() })
	return params
}

// generals holds, for the types declared in generic functions, the generic types that have the functions' parameters.
var generals sync.Map // of *types.Named by *types.TypeName

// general returns a type declared in a generic function as a generic type: each instance of the function has its own.
func general(t *types.Named, params []*types.TypeParam) *types.Named {
	if g, ok := generals.Load(t.Obj()); ok {
		return g.(*types.Named)
	}
	o := t.Obj()
	g := types.NewNamed(types.NewTypeName(o.Pos(), o.Pkg(), o.Name(), nil), nil, nil)
	own := make([]*types.TypeParam, len(params))
	args := make([]types.Type, len(params))
	v := substitution{params: env{}}
	for i, p := range params {
		own[i] = types.NewTypeParam(types.NewTypeName(p.Obj().Pos(), o.Pkg(), p.Obj().Name(), nil), anyType)
		args[i], v.params[p] = own[i], own[i]
	}
	g.SetTypeParams(own)
	generals.Store(o, g) // it may refer to itself
	g.SetUnderlying(v.subst(t.Underlying()))
	return g
}

func (v substitution) substTuple(t *types.Tuple) *types.Tuple {
	vars := make([]*types.Var, t.Len())
	changed := false
	for i := range vars {
		vars[i] = t.At(i)
		if s := v.subst(vars[i].Type()); s != vars[i].Type() {
			vars[i] = types.NewParam(vars[i].Pos(), vars[i].Pkg(), vars[i].Name(), s)
			changed = true
		}
	}
	if !changed {
		return t
	}
	return types.NewTuple(vars...)
}

func (v substitution) substStruct(t *types.Struct) types.Type {
	fields := make([]*types.Var, t.NumFields())
	tags := make([]string, t.NumFields())
	changed := false
	for i := range fields {
		fields[i], tags[i] = t.Field(i), t.Tag(i)
		if s := v.subst(fields[i].Type()); s != fields[i].Type() {
			fields[i] = types.NewField(fields[i].Pos(), fields[i].Pkg(), fields[i].Name(), s, fields[i].Embedded())
			changed = true
		}
	}
	if !changed {
		return t
	}
	return types.NewStruct(fields, tags)
}

func (v substitution) substInterface(t *types.Interface) types.Type {
	methods := make([]*types.Func, t.NumMethods())
	changed := false
	for i := range methods {
		methods[i] = t.Method(i)
		if s := v.subst(methods[i].Type()); s != methods[i].Type() {
			methods[i] = types.NewFunc(methods[i].Pos(), methods[i].Pkg(), methods[i].Name(), s.(*types.Signature))
			changed = true
		}
	}
	if !changed {
		return t
	}
	return types.NewInterfaceType(methods, nil).Complete()
}
