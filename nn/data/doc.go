// Package data reads image data sets and deals them out in batches.
//
//	train, test, err := data.FashionMNIST()
//	batches := train.Augment(data.HFlip(), data.PadCrop(2)).Batches(128)
//	history, err := model.Fit(batches, nn.SGD(0.1), nn.Validate(test))
//
// A [Set] keeps its pixels as bytes and turns them into float32 when a batch is read: 0 to 1, unless [Set.Normalise] says
// otherwise. The order of the examples and their augmentation depend on the seed and the epoch alone.
//
// Files come from outside and are not trusted: a file that is truncated, of another format or not what its checksum
// promises gives an error that names it.
package data
