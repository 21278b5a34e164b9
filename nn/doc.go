// Package nn builds and trains convolutional networks with grouped convolutions, in notebooks and in programs.
//
//	train, test, err := data.FashionMNIST()
//	m := nn.Sequential(
//		nn.Conv2D(1, 32, 3, nn.Padding(1), nn.NoBias()), nn.BatchNorm2D(32), nn.ReLU(),
//		nn.ResNeXtBlock(32, 64, nn.Cardinality(8), nn.BaseWidth(4)),
//		nn.ResNeXtBlock(64, 128, nn.Cardinality(8), nn.BaseWidth(8), nn.Down()),
//		nn.GlobalAvgPool2D(), nn.Linear(128, 10))
//	fmt.Println(m.Summary(1, 28, 28))
//	history, err := m.Fit(train.Batches(128), nn.SGD(0.1, nn.Momentum(0.9), nn.WeightDecay(5e-4)),
//		nn.Epochs(3), nn.LR(nn.OneCycle(0.2)), nn.Validate(test))
//
// A model can be data as well: [ModelSpec] says in JSON what Sequential says in Go, [ResNeXtSpec] and [RegNetSpec] describe
// families in a few numbers, [TrainingSpec] a whole training run. [Model.Save] and [Model.Load] exchange weights with PyTorch
// and NumPy by name, [Model.ExportONNX] and [ImportONNX] whole models; [FromKeras] and its siblings turn the kernels of Keras.
// [Except] and [Model.TrainOnly] give a trained network a new last layer.
// Layers of one's own are [Func], [Custom], or any type with a method Graph.
//
// # Contract
//
// Numbers are float32, images (N, C, H, W). A convolution is a cross-correlation with weights (out, in/groups, kh, kw).
// Layers are named in the order they are given (conv1, bn1, block1.conv2); parameters, captured activations and saved
// weights use these names. Initial weights depend on the seed and the parameter's name alone, and training on the seed
// alone, whatever the number of threads.
//
// A mistake in a configuration or a shape is a bug in the program: constructors panic with a [ConfigError], and running
// a network on a tensor it can't take panics with a [ShapeError]; both name the numbers that don't fit. Fit, Evaluate and
// Predict return them as errors. Everything that depends on the outside world (files, data, interruption) returns an error.
//
// A Model and its layers serve one goroutine at a time. Tensors that a model returns belong to the caller.
package nn
