package nn

// AlexNet is torchvision's single-tower AlexNet for 224x224 images (Krizhevsky 2014), with its names. Options: Classes,
// InputChannels.
func AlexNet(opts ...Option) *Model {
	o := configure("AlexNet", layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	return Sequential(
		Named("features", Stack(
			Conv2D(o.channels, 64, 11, Stride(4), Padding(2)), ReLU(), MaxPool2D(3, Stride(2)),
			Conv2D(64, 192, 5, Padding(2)), ReLU(), MaxPool2D(3, Stride(2)),
			Conv2D(192, 384, 3, Padding(1)), ReLU(),
			Conv2D(384, 256, 3, Padding(1)), ReLU(),
			Conv2D(256, 256, 3, Padding(1)), ReLU(), MaxPool2D(3, Stride(2)))),
		Flatten(),
		Named("classifier", Stack(
			Dropout(0.5), Linear(256*6*6, 4096), ReLU(),
			Dropout(0.5), Linear(4096, 4096), ReLU(), Linear(4096, o.classes))))
}

// AlexNetGrouped is the network of Krizhevsky et al. 2012 for 227x227 images, where conv2, conv4 and conv5 have groups:
// 2 in the paper, one for each GPU; 1 joins them. The local response normalisation is left out. Options: Classes,
// InputChannels.
func AlexNetGrouped(groups int, opts ...Option) *Model {
	o := configure("AlexNetGrouped", layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	return Sequential(
		Conv2D(o.channels, 96, 11, Stride(4)), ReLU(), MaxPool2D(3, Stride(2)),
		Conv2D(96, 256, 5, Padding(2), Groups(groups)), ReLU(), MaxPool2D(3, Stride(2)),
		Conv2D(256, 384, 3, Padding(1)), ReLU(),
		Conv2D(384, 384, 3, Padding(1), Groups(groups)), ReLU(),
		Conv2D(384, 256, 3, Padding(1), Groups(groups)), ReLU(), MaxPool2D(3, Stride(2)),
		Flatten(), Linear(256*6*6, 4096), ReLU(), Dropout(0.5), Linear(4096, 4096), ReLU(), Dropout(0.5), Linear(4096, o.classes))
}

// NiN is Network in Network for 32x32 images (Lin et al. 2014) with the root topology of Deep Roots (Ioannou et al.
// 2017): conv2a has root groups and conv3a half as many. NiN(1) is the ungrouped network. Options: Classes (10),
// InputChannels.
func NiN(root int, opts ...Option) *Model {
	o := configure("NiN", layerConfig{classes: 10, channels: 3}, opts, "Classes", "InputChannels")
	mix := func(name string, in, out int) []Layer {
		return []Layer{Named(name, Conv2D(in, out, 1)), Named("relu"+name[4:], ReLU())}
	}
	spatial := func(name string, in, k, groups int) []Layer {
		return []Layer{Named(name, Conv2D(in, 192, k, Padding(k/2), Groups(groups))), Named("relu"+name[4:], ReLU())}
	}
	var layers []Layer
	add := func(l ...Layer) { layers = append(layers, l...) }
	add(spatial("conv1a", o.channels, 5, 1)...)
	add(mix("conv1b", 192, 160)...)
	add(mix("conv1c", 160, 96)...)
	add(Named("pool1", MaxPool2D(3, Stride(2), Ceil())), Named("drop1", Dropout(0.5)))
	add(spatial("conv2a", 96, 5, root)...)
	add(mix("conv2b", 192, 192)...)
	add(mix("conv2c", 192, 192)...)
	add(Named("pool2", AvgPool2D(3, Stride(2), Ceil())), Named("drop2", Dropout(0.5)))
	add(spatial("conv3a", 192, 3, max(1, root/2))...)
	add(mix("conv3b", 192, 192)...)
	add(mix("conv3c", 192, o.classes)...)
	add(Named("gap", GlobalAvgPool2D()))
	return Sequential(layers...)
}

// MobileNetV2 is the network of Sandler et al. 2018 for 224x224 images with torchvision's names. Options: Classes,
// InputChannels.
func MobileNetV2(opts ...Option) *Model {
	o := configure("MobileNetV2", layerConfig{classes: 1000, channels: 3}, opts, "Classes", "InputChannels")
	features := []Layer{convNorm(o.channels, 32, 3, ReLU6(), Stride(2))}
	in := 32
	for _, s := range []struct{ expand, out, blocks, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		for k := range s.blocks {
			stride := 1
			if k == 0 {
				stride = s.stride
			}
			features = append(features, InvertedResidual(in, s.out, s.expand, stride))
			in = s.out
		}
	}
	features = append(features, convNorm(in, 1280, 1, ReLU6()))
	return Sequential(
		Named("features", Stack(features...)), GlobalAvgPool2D(),
		Named("classifier", Stack(Dropout(0.2), Linear(1280, o.classes))))
}
