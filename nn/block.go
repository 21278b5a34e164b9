package nn

import "fmt"

// A Block is the residual bottleneck of ResNet and ResNeXt: 1x1 - grouped 3x3 - 1x1 and a shortcut.
//
// In the grouped form its layers are called conv1, bn1, relu1, conv2, bn2, relu2, conv3, bn3, downsample.0,
// downsample.1, se, add and relu3; in the split forms each path i has its own i.conv1, i.bn1 and so on.
type Block struct {
	In, Out, Width, Cardinality int
	Form                        Form

	config   layerConfig
	stride   []int
	paths    []*path    // one, or one for each group in the split forms
	conv3    *Conv      // nil in the SplitSum form
	bn3      *BatchNorm // behind everything; nil with NoNorm or PreActivation
	shortcut Layer      // nil for the identity
	squeeze  Layer
}

// A Form is one of three ways to write the same ResNeXt block (Xie et al. 2017, figure 3).
type Form int

// The forms: one grouped convolution (c, the default); a path for each group whose results are added (a); or joined and
// mixed by one 1x1 convolution (b).
const (
	Grouped Form = iota
	SplitSum
	SplitConcat
)

// String is what the paper calls the form.
func (f Form) String() string {
	names := [...]string{"grouped", "split-transform-sum", "split-transform-concatenate"}
	if f < 0 || int(f) >= len(names) {
		return fmt.Sprintf("Form(%d)", int(f))
	}
	return names[f]
}

// InForm writes a block in another form. The default is Grouped.
func InForm(f Form) Option { return Option{"InForm", func(c *layerConfig) { c.form = f }} }

// PreActivation puts normalisation and ReLU before each convolution and nothing behind the sum (He et al. 2016, Identity
// Mappings).
func PreActivation() Option { return Option{"PreActivation", func(c *layerConfig) { c.preact = true }} }

// SE weighs the block's channels by [SqueezeExcite] with this reduction before the sum (Hu et al. 2018); usually 16.
func SE(reduction int) Option { return Option{"SE", func(c *layerConfig) { c.squeeze = reduction }} }

// ResNeXtBlock maps (N, in, H, W) to (N, out, H/stride, W/stride):
//
//	y = relu(shortcut(x) + bn(conv1x1(relu(bn(conv3x3(relu(bn(conv1x1(x)))))))))
//
// The 3x3 convolution has Cardinality(32) groups of BaseWidth(4) channels and carries the stride. The shortcut is the
// identity if shapes agree, else a 1x1 convolution with batch normalisation (option B of He et al. 2016). Options:
// Cardinality, BaseWidth, Stride, Down, InForm, PreActivation, SE, NoNorm, Init, Eps, StatMomentum.
func ResNeXtBlock(in, out int, opts ...Option) *Block {
	return newBlock("ResNeXtBlock", in, out, 32, 4, opts)
}

// Bottleneck is the block of ResNet-50 and larger: a ResNeXtBlock with a single path of out/4 channels. The stride is in
// the 3x3 convolution, as in torchvision. BaseWidth sets another width.
func Bottleneck(in, out int, opts ...Option) *Block {
	return newBlock("Bottleneck", in, out, 1, max(1, out/4), opts)
}

func newBlock(op string, in, out, cardinality, baseWidth int, opts []Option) *Block {
	o := configure(op, layerConfig{
		cardinality: cardinality, baseWidth: baseWidth, norm: true, init: KaimingFanOut(), eps: 1e-5, momentum: 0.1,
	}, opts, "Cardinality", "BaseWidth", "Stride", "Down", "InForm", "PreActivation", "SE", "NoNorm", "Init", "Eps", "StatMomentum")
	checkPositive(op, "the cardinality", o.cardinality)
	checkPositive(op, "the base width", o.baseWidth)
	if in < 1 || out < 1 {
		refuse(op, "%d input and %d output channels, want 1 or more of each", in, out)
	}
	if o.squeeze < 0 {
		refuse(op, "squeeze-excite reduces by %d, want 1 or more, or 0 for none", o.squeeze)
	}
	if o.form < Grouped || o.form > SplitConcat {
		refuse(op, "form is %d, want Grouped, SplitSum or SplitConcat", int(o.form))
	}
	if o.preact && (o.form != Grouped || !o.norm) {
		refuse(op, "PreActivation needs the grouped form and normalisation")
	}
	stride := perDim(op, "stride", o.stride, 2, 1)
	b := &Block{
		In: in, Out: out, Width: o.cardinality * o.baseWidth, Cardinality: o.cardinality, Form: o.form,
		config: o, stride: stride[1:],
	}
	b.makePaths()
	b.makeShortcut()
	if o.squeeze > 0 {
		b.squeeze = SqueezeExcite(out, o.squeeze)
	}
	return b
}

// path is one way through the block: 1x1 - 3x3 (- 1x1).
type path struct {
	conv1, conv2, conv3 *Conv // conv3 in the SplitSum form only
	bn1, bn2            *BatchNorm
}

func (b *Block) makePaths() {
	if b.Form == Grouped {
		b.paths = []*path{b.newPath(b.Width, b.Cardinality)}
	} else {
		for range b.Cardinality {
			b.paths = append(b.paths, b.newPath(b.config.baseWidth, 1))
		}
	}
	if b.Form != SplitSum {
		b.conv3 = b.conv1x1(b.Width, b.Out)
	}
	if b.config.norm {
		b.bn3 = b.batchNorm(b.Out)
		if b.config.preact {
			b.bn3 = b.batchNorm(b.Width)
		}
	}
}

func (b *Block) newPath(width, groups int) *path {
	p := &path{
		conv1: b.conv1x1(b.In, width),
		conv2: Conv2D(width, width, 3, Padding(1), Stride(b.stride...), Groups(groups), NoBias(), Init(b.config.init)),
	}
	if b.Form == SplitSum {
		p.conv3 = b.conv1x1(width, b.Out)
	}
	if b.config.norm {
		p.bn1, p.bn2 = b.batchNorm(width), b.batchNorm(width)
		if b.config.preact {
			p.bn1 = b.batchNorm(b.In)
		}
	}
	return p
}

func (b *Block) makeShortcut() {
	if b.In == b.Out && b.stride[0] == 1 && b.stride[1] == 1 {
		return
	}
	layers := []Layer{Conv2D(b.In, b.Out, 1, Stride(b.stride...), NoBias(), Init(b.config.init))}
	if b.config.norm && !b.config.preact {
		layers = append(layers, b.batchNorm(b.Out))
	}
	b.shortcut = Stack(layers...)
}

func (b *Block) conv1x1(in, out int) *Conv { return Conv2D(in, out, 1, NoBias(), Init(b.config.init)) }

func (b *Block) batchNorm(channels int) *BatchNorm {
	return BatchNorm2D(channels, Eps(b.config.eps), StatMomentum(b.config.momentum))
}

func (b *Block) stem() string { return "block" }
