package nn

// A Block is the residual bottleneck of ResNet and ResNeXt: 1x1 - grouped 3x3 - 1x1 and a shortcut. Its layers are
// called conv1, bn1, relu1, conv2, bn2, relu2, conv3, bn3, downsample.0, downsample.1, add and relu3.
type Block struct {
	In, Out, Width, Groups int

	conv1, conv2, conv3 *Conv
	bn1, bn2, bn3       *BatchNorm // nil with NoNorm
	shortcut            *Model     // nil for the identity
}

// ResNeXtBlock maps (N, in, H, W) to (N, out, H/stride, W/stride):
//
//	y = relu(shortcut(x) + bn(conv1x1(relu(bn(conv3x3(relu(bn(conv1x1(x)))))))))
//
// in the grouped form (c) of Xie et al. 2017, figure 3. The 3x3 convolution has Cardinality(32) groups of BaseWidth(4)
// channels and carries the stride. The shortcut is the identity if shapes agree, else a 1x1 convolution with batch
// normalisation (option B). Options: Cardinality, BaseWidth, Stride, Down, NoNorm, Init, Eps, StatMomentum.
func ResNeXtBlock(in, out int, opts ...Option) *Block {
	const op = "ResNeXtBlock"
	o := configure(op, layerConfig{cardinality: 32, baseWidth: 4, norm: true, init: KaimingFanOut(), eps: 1e-5, momentum: 0.1},
		opts, "Cardinality", "BaseWidth", "Stride", "Down", "NoNorm", "Init", "Eps", "StatMomentum")
	checkPositive(op, "the cardinality", o.cardinality)
	checkPositive(op, "the base width", o.baseWidth)
	if in < 1 || out < 1 {
		refuse(op, "%d input and %d output channels, want 1 or more of each", in, out)
	}
	stride := perDim(op, "stride", o.stride, 2, 1)
	width := o.cardinality * o.baseWidth
	b := &Block{In: in, Out: out, Width: width, Groups: o.cardinality}
	b.conv1 = Conv2D(in, width, 1, NoBias(), Init(o.init))
	b.conv2 = Conv2D(width, width, 3, Padding(1), Stride(stride[1:]...), Groups(o.cardinality), NoBias(), Init(o.init))
	b.conv3 = Conv2D(width, out, 1, NoBias(), Init(o.init))
	if o.norm {
		norm := []Option{Eps(o.eps), StatMomentum(o.momentum)}
		b.bn1, b.bn2, b.bn3 = BatchNorm2D(width, norm...), BatchNorm2D(width, norm...), BatchNorm2D(out, norm...)
	}
	if in != out || stride != [3]int{1, 1, 1} {
		layers := []Layer{Conv2D(in, out, 1, Stride(stride[1:]...), NoBias(), Init(o.init))}
		if o.norm {
			layers = append(layers, BatchNorm2D(out, Eps(o.eps), StatMomentum(o.momentum)))
		}
		b.shortcut = Stack(layers...)
	}
	return b
}

// Graph implements Layer.
func (b *Block) Graph(g *Graph, x Value) Value {
	y := g.Layer("conv1", b.conv1, x)
	y = b.normRelu(g, "1", b.bn1, y)
	y = g.Layer("conv2", b.conv2, y)
	y = b.normRelu(g, "2", b.bn2, y)
	y = g.Layer("conv3", b.conv3, y)
	if b.bn3 != nil {
		y = g.Layer("bn3", b.bn3, y)
	}
	if b.shortcut != nil {
		x = g.Layer("downsample", b.shortcut, x)
	}
	return g.Layer("relu3", ReLU(), g.Sum("add", y, x))
}

func (b *Block) normRelu(g *Graph, n string, bn *BatchNorm, x Value) Value {
	if bn != nil {
		x = g.Layer("bn"+n, bn, x)
	}
	return g.Layer("relu"+n, ReLU(), x)
}

func (b *Block) stem() string { return "block" }
