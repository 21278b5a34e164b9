package data_test

import (
	"fmt"

	"github.com/groupnb/groupnb/nn"
	"github.com/groupnb/groupnb/nn/data"
)

func ExampleFashionMNISTSubset() {
	train, test, err := data.FashionMNISTSubset()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train)
	batches := train.Augment(data.HFlip(), data.PadCrop(2)).Batches(128)
	fmt.Println(batches.Len(), "batches;", test.Len(), "images to test with")
	var b nn.Batch
	batches.Start(1, 0)
	batches.Next(&b)
	fmt.Println(b.X.Shape)
	// Output:
	// Fashion-MNIST training set: 6000 images 1x28x28 in 10 classes, from the program
	// 47 batches; 1000 images to test with
	// [128 1 28 28]
}
