package nn

// A Dataset holds labelled examples. Package nn/data has implementations.
type Dataset interface {
	// Len is the number of examples.
	Len() int
	// Read puts the examples with these indices into b, reusing its memory.
	Read(b *Batch, indices []int)
}

// A Loader deals out batches, epoch by epoch.
type Loader interface {
	// Len is the number of batches in an epoch.
	Len() int
	// Start begins an epoch (from 0); order and augmentation depend on seed and epoch alone.
	Start(seed uint64, epoch int)
	// Next puts the next batch into b, reusing its memory, and returns false at the end of the epoch.
	Next(b *Batch) bool
}

// resize gives a batch room for n examples of a shape, keeping its memory if that suffices.
func (b *Batch) resize(n int, shape []int) {
	want := n * size(shape)
	if b.X == nil {
		b.X = &Tensor{}
	}
	if cap(b.X.Data) < want {
		b.X.Data = make([]float32, want)
	}
	b.X.Data = b.X.Data[:want]
	b.X.Shape = append(append(b.X.Shape[:0], n), shape...)
	if cap(b.Y) < n {
		b.Y = make([]int, n)
	}
	b.Y = b.Y[:n]
}

// Resize gives a batch room for n examples of a shape (without the batch dimension), for implementations of [Dataset].
func (b *Batch) Resize(n int, shape ...int) { b.resize(n, shape) }
