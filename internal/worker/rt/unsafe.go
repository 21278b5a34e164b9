package rt

import "unsafe"

// The functions of package unsafe that the interpreter lacks, for values of any type.

func unsafeAdd(p unsafe.Pointer, n int) unsafe.Pointer { return unsafe.Add(p, n) }

func unsafeString(p *byte, n int) string { return unsafe.String(p, n) }

func stringData(s string) *byte { return unsafe.StringData(s) }
