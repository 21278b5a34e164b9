package nn

import (
	"path/filepath"
	"testing"
)

// The reference vectors, family by family, with the test that reads all of them. A file that is lost would otherwise take
// its checks with it and nobody would notice.
func TestReferenceVectorsAreComplete(t *testing.T) {
	for _, c := range []struct {
		family  string
		files   int
		pattern []string
		test    string
	}{
		{"convolutions", 47, []string{shared + "conv/c[123]_*.safetensors"}, "TestConvolutionsAgainstPyTorch"},
		{"invalid convolutions", 1, []string{shared + "conv/manifest.json"}, "TestInvalidGroupsAreRefusedWithBothNumbers"},
		{"convolutions in Keras' order", 5, []string{"testdata/conv/*_keras.safetensors"}, "TestKerasLayout"},
		{"transposed convolutions", 4, []string{"testdata/conv/ct2_*.safetensors"}, "TestLayersAgainstPyTorch"},
		{"batch normalisations", 8, []string{shared + "norm/bn[0-3]d_*.safetensors"}, "TestBatchNormsAgainstPyTorch"},
		{"group normalisations", 4, []string{"testdata/norm/groupnorm_*.safetensors"}, "TestLayersAgainstPyTorch"},
		{"activations", 12, []string{"testdata/ops/act_*.safetensors", shared + "ops/act_*.safetensors"}, "TestLayersAgainstPyTorch"},
		{"pooling", 5, []string{shared + "ops/*pool*.safetensors"}, "TestLayersAgainstPyTorch"},
		{"linear, shuffle, squeeze-excite, upsample", 5, []string{
			shared + "ops/linear.safetensors", "testdata/ops/channel_shuffle_*.safetensors", "testdata/ops/se_*.safetensors", "testdata/ops/nearest_*.safetensors",
		}, "TestLayersAgainstPyTorch"},
		{"cross-entropies", 5, []string{shared + "ops/xent_*.safetensors"}, "TestCrossEntropyAgainstPyTorch"},
		{"other losses", 3, []string{
			"testdata/ops/mse.safetensors", "testdata/ops/bce_logits.safetensors", "testdata/ops/smooth_l1.safetensors",
		}, "TestPointwiseLossesAgainstPyTorch"},
		{"blocks, in 3 forms and 3 modes", 4, []string{"testdata/blocks/*.safetensors"}, "TestBlockFormsAreOneFunction"},
		{"a training step", 3, []string{
			"testdata/resnext/tiny_init.safetensors", "testdata/resnext/tiny_step1.safetensors", "testdata/resnext/batches.safetensors",
		}, "TestTinyResNeXtStep"},
		{"forced steps", 6, []string{"testdata/resnext/tiny_forced_step*.safetensors.gz"}, "TestTinyResNeXtForcedSteps"},
		{"trajectories", 1, []string{"testdata/resnext/trajectories.json"}, "TestTinyResNeXtFreeRuns"},
		{"optimisers", 12, []string{"testdata/optim/*.safetensors"}, "TestOptimizersAgainstPyTorch"},
		{"schedules", 1, []string{"testdata/optim/schedules.json"}, "TestSchedulesAgainstPyTorch"},
		{"correlations", 1, []string{"testdata/corr/activations.safetensors"}, "TestCorrelationsAgainstNumPy"},
		{"files of PyTorch and NumPy", 9, []string{"testdata/interop/*"}, "TestReadWeightsThatPyTorchAndNumPyWrote and the readers' own tests"},
		{"tables of parameters and multiply-adds", 2, []string{"testdata/tables/*.json"}, "TestParametersAndMultiplyAddsOfThePapers"},
	} {
		found := 0
		for _, p := range c.pattern {
			files, err := filepath.Glob(p)
			if err != nil {
				t.Fatal(err)
			}
			found += len(files)
		}
		if found != c.files {
			t.Errorf("%s (%s): %d files, want %d", c.family, c.test, found, c.files)
		}
	}
}
