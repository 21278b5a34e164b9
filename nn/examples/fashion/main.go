// Command fashion trains the course's small ResNeXt and a ResNet of the same size on Fashion-MNIST, with several seeds each,
// and prints how well each does: one run says little about a difference of half a percent.
//
//	go run ./nn/examples/fashion              # three epochs, three seeds, about 40 minutes on two cores
//	go run ./nn/examples/fashion -seeds 1 -first 6000
//
// It needs the full data set, which it looks for and downloads as data.FashionMNIST does.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"

	"github.com/groupnb/groupnb/nn"
	"github.com/groupnb/groupnb/nn/data"
)

// The two networks, of 70,570 and 70,613 parameters: cardinality 8 and width 4, and blocks of two 3x3 convolutions.
var networks = []network{
	{"ResNeXt", nn.ResNeXtSpec{
		In: 1, Classes: 10, Stem: 32, StemKernel: 3, Blocks: []int{1, 1, 1}, Widths: []int{32, 64, 128}, Cardinality: 8, BaseWidth: 4,
	}},
	{"ResNet", nn.ResNeXtSpec{
		In: 1, Classes: 10, Stem: 16, StemKernel: 3, Blocks: []int{1, 1, 1}, Widths: []int{16, 31, 60}, Basic: true,
	}},
}

type network struct {
	name string
	spec nn.ResNeXtSpec
}

// training is how both are trained, but for the seed.
var training = nn.TrainingSpec{
	Optimizer: nn.OptimizerSpec{LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4},
	Schedule:  &nn.ScheduleSpec{Kind: "OneCycle", Top: 0.1},
}

func main() {
	epochs := flag.Int("epochs", 3, "how often to go through the training set")
	seeds := flag.Int("seeds", 3, "runs of each network")
	first := flag.Int("first", 0, "train on this many images only")
	flag.Parse()
	training.Epochs = *epochs
	if err := run(*seeds, *first); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(seeds, first int) error {
	train, test, err := data.FashionMNIST()
	if err != nil {
		return err
	}
	if first > 0 {
		train = train.First(first)
	}
	train, test = train.Normalise(0.286, 0.353), test.Normalise(0.286, 0.353)
	fmt.Println(train)
	recipe, err := json.Marshal(training)
	if err != nil {
		return err
	}
	fmt.Printf("batches of 64, flipped every other time; %s\n\n", recipe)
	batches := train.Augment(data.HFlip()).Batches(64)
	accuracies := make([][]float64, len(networks))
	for seed := uint64(1); seed <= uint64(seeds); seed++ {
		for i, n := range networks {
			a, err := n.train(seed, batches, test)
			if err != nil {
				return fmt.Errorf("%s: %w", n.name, err)
			}
			accuracies[i] = append(accuracies[i], a)
		}
	}
	for i, n := range networks {
		mean, deviation := statistics(accuracies[i])
		fmt.Printf("%-8s mean %.2f %%, standard deviation %.2f\n", n.name, 100*mean, 100*deviation)
	}
	return nil
}

// train prints how one run goes and returns the accuracy at its end.
func (n network) train(seed uint64, batches nn.Loader, test nn.Dataset) (float64, error) {
	m, err := n.spec.Build(seed)
	if err != nil {
		return 0, err
	}
	s := m.Summary(1, 28, 28)
	fmt.Printf("%-8s seed %d, %d parameters, %.1f million multiply-adds for an image\n", n.name, seed, s.Params, float64(s.MACs)/1e6)
	spec := training
	spec.Seed = seed
	h, err := spec.Fit(m, batches, nn.Validate(test), nn.Quiet(), nn.OnEpoch(func(e nn.EpochStats) {
		fmt.Printf("  epoch %d: loss %.4f, %.2f %% of the test set right, %.0f images/s\n", e.Epoch, e.Loss, 100*e.ValAcc, e.ImagesPerSecond)
	}))
	return h.Last().ValAcc, err
}

// statistics is the mean and the standard deviation of a sample, 0 for a single number.
func statistics(x []float64) (mean, deviation float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		deviation += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(deviation / float64(max(len(x)-1, 1)))
}
