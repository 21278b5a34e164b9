package nn

import (
	"fmt"
	"strings"
	"testing"
)

// TestLayersAgainstPyTorch runs every layer that has a file of vectors: output, gradient and parameters' gradients.
func TestLayersAgainstPyTorch(t *testing.T) {
	for _, c := range []struct {
		path  string
		layer Layer
	}{
		{"testdata/ops/act_elu", ELU(1)},
		{"testdata/ops/act_gelu_erf", GELU()},
		{"testdata/ops/act_gelu_tanh", GELUTanh()},
		{"testdata/ops/act_hardswish", HardSwish()},
		{"testdata/ops/act_leaky_relu", LeakyReLU(0.1)},
		{"testdata/ops/act_log_softmax1", LogSoftmax()},
		{shared + "ops/act_relu", ReLU()},
		{"testdata/ops/act_relu6", ReLU6()},
		{"testdata/ops/act_sigmoid", Sigmoid()},
		{"testdata/ops/act_silu", SiLU()},
		{shared + "ops/act_softmax1", Softmax()},
		{"testdata/ops/act_tanh", Tanh()},
		{shared + "ops/avgpool_3x3_s2_p1_excl", AvgPool2D(3, Stride(2), Padding(1), CountPadding(false))},
		{shared + "ops/avgpool_3x3_s2_p1_incl", AvgPool2D(3, Stride(2), Padding(1))},
		{"testdata/ops/channel_shuffle_g2", ChannelShuffle(2)},
		{"testdata/ops/channel_shuffle_g3", ChannelShuffle(3)},
		{shared + "ops/global_avgpool", GlobalAvgPool2D()},
		{shared + "ops/linear", Linear(7, 3)},
		{shared + "ops/maxpool_2x2", MaxPool2D(2)},
		{shared + "ops/maxpool_3x3_s2_p1", MaxPool2D(3, Stride(2), Padding(1))},
		{"testdata/ops/nearest_upsample_x2", Upsample(2)},
		{"testdata/ops/se_r3", SqueezeExcite(6, 3)},
		{"testdata/norm/groupnorm_g1", GroupNorm(1, 8)},
		{"testdata/norm/groupnorm_g2", GroupNorm(2, 8)},
		{"testdata/norm/groupnorm_g4", GroupNorm(4, 8)},
		{"testdata/norm/groupnorm_g8", InstanceNorm(8)},
		{"testdata/conv/ct2_0", nil},
		{"testdata/conv/ct2_1", nil},
		{"testdata/conv/ct2_2", nil},
		{"testdata/conv/ct2_3", nil},
	} {
		t.Run(c.path[strings.LastIndex(c.path, "/")+1:], func(t *testing.T) {
			v := readVectors(t, c.path+".safetensors")
			if c.layer == nil {
				c.layer = ConvTranspose2D(v.metaInt("cin"), v.metaInt("cout"), v.tensor("w").Shape[2], Groups(v.metaInt("groups")),
					Stride(v.metaInt("stride")), Padding(v.metaInt("padding")), OutputPadding(v.metaInt("output_padding")), Dilation(v.metaInt("dilation")))
			}
			checkLayer(v, c.layer)
		})
	}
}

// checkLayer compares a layer with its vectors. Parameters are called w and b, gamma and beta, or w1, b1, w2, b2 there.
func checkLayer(v *vectors, l Layer) {
	v.t.Helper()
	m := Sequential(Named("l", l))
	names := map[string]string{
		"l.weight": "w", "l.bias": "b", "l.fc1.weight": "w1", "l.fc1.bias": "b1", "l.fc2.weight": "w2", "l.fc2.bias": "b2",
	}
	if v.has("gamma") {
		names["l.weight"], names["l.bias"] = "gamma", "beta"
	}
	for _, p := range m.Params() {
		p.SetValue(v.tensor(names[p.Name]))
	}
	v.near("y", m.Forward(v.tensor("x"), true).Data, tolerance(v.float64s("y")))
	v.near("dx", m.Backward(v.tensor("dy")).Data, tolerance(v.float64s("dx")))
	for _, p := range m.Params() {
		name := "d" + names[p.Name]
		v.near(name, p.Grad.Data, tolerance(v.float64s(name)))
	}
}

func TestBatchNormsAgainstPyTorch(t *testing.T) {
	for _, path := range glob(t, shared+"norm/bn[0-3]d_*.safetensors") {
		v := readVectors(t, path)
		t.Run(v.name, func(t *testing.T) {
			v.t = t
			var eps, momentum float64
			v.meta("eps", &eps)
			v.meta("momentum_torch", &momentum)
			make := map[byte]func(int, ...Option) *BatchNorm{'0': BatchNorm1D, '1': BatchNorm1D, '2': BatchNorm2D, '3': BatchNorm3D}
			for _, mode := range []string{"train", "eval"} {
				b := make[v.name[2]](v.tensor("gamma").Len(), Eps(eps), StatMomentum(momentum))
				b.Weight.SetValue(v.tensor("gamma"))
				b.Bias.SetValue(v.tensor("beta"))
				copy(b.RunningMean.Value.Data, v.tensor("running_mean_in").Data)
				copy(b.RunningVar.Value.Data, v.tensor("running_var_in").Data)
				m := Sequential(b).FreezeNorms(mode == "eval")
				y := m.Forward(v.tensor("x"), true)
				dx := m.Backward(v.tensor("dy"))
				for name, got := range map[string][]float32{
					"y": y.Data, "dx": dx.Data, "dgamma": b.Weight.Grad.Data, "dbeta": b.Bias.Grad.Data,
					"running_mean_out": b.RunningMean.Value.Data, "running_var_out": b.RunningVar.Value.Data,
				} {
					name = mode + "." + name
					v.near(name, got, tolerance(v.float64s(name)))
				}
			}
		})
	}
}

func TestCrossEntropyAgainstPyTorch(t *testing.T) {
	for file, loss := range map[string]*CrossEntropyLoss{
		"xent_ls0": CrossEntropy(), "xent_ls0.1": LabelSmoothing(0.1), "xent_extreme": CrossEntropy(),
		"xent_sum": {Sum: true}, "xent_weighted": {},
	} {
		v := readVectors(t, shared+"ops/"+file+".safetensors")
		if file == "xent_weighted" {
			v.meta("weights", &loss.Weights)
		}
		var labels []int
		v.meta("labels", &labels)
		logits := v.tensor("logits")
		got, grad := loss.Of(logits, labels...)
		near(t, file, []float32{float32(got)}, v.float64s("y"), tolerance(v.float64s("y")))
		v.near("dlogits", grad.Data, tolerance(v.float64s("dlogits")))
		if loss.Sum || loss.Weights != nil {
			continue
		}
		// the same through shares of classes, as mixup gives them
		b := &Batch{Target: NewTensor(logits.Shape...)}
		for i, y := range labels {
			b.Target.Set(1, i, y)
		}
		soft := NewTensor(logits.Shape...)
		near(t, file+" by shares", []float32{float32(loss.Loss(soft, logits, b))}, v.float64s("y"), tolerance(v.float64s("y")))
		v.near("dlogits", soft.Data, tolerance(v.float64s("dlogits")))
	}
}

func TestPointwiseLossesAgainstPyTorch(t *testing.T) {
	for file, loss := range map[string]Loss{"mse": MSE(), "bce_logits": BCEWithLogits(), "smooth_l1": SmoothL1()} {
		v := readVectors(t, "testdata/ops/"+file+".safetensors")
		x := v.tensor("x")
		var target [][]float32
		v.meta("target", &target)
		b := &Batch{Target: NewTensor(x.Shape...)}
		for i, row := range target {
			copy(b.Target.Data[i*len(row):], row)
		}
		grad := NewTensor(x.Shape...)
		got := loss.Loss(grad, x, b)
		near(t, file, []float32{float32(got)}, v.float64s("y"), 1e-6)
		v.near("dx", grad.Data, 1e-7)
	}
	if got := refusal(func() { MSE().Loss(NewTensor(2), NewTensor(2), &Batch{}) }); got != "MSE: the target is (), want (2)" {
		t.Error(got)
	}
}

func TestDropout(t *testing.T) {
	const n = 100000
	x := NewTensor(10, n/10)
	for i := range x.Data {
		x.Data[i] = 1
	}
	m := Sequential(Dropout(0.25))
	sameNumbers(t, "evaluation", m.Forward(x, false), x, 0)
	y := m.Forward(x, true)
	dropped := 0
	for _, v := range y.Data {
		switch v {
		case 0:
			dropped++
		case float32(1 / 0.75):
		default:
			t.Fatalf("an element is %g", v)
		}
	}
	if share := float64(dropped) / n; share < 0.24 || share > 0.26 {
		t.Errorf("%.3f of the elements were dropped", share)
	}
	sameNumbers(t, "gradient", m.Backward(x), y, 0)
	if got := refusal(func() { Dropout(1) }); got != "Dropout: probability is 1, want 0 or more and less than 1" {
		t.Error(got)
	}
	channels := Sequential(Dropout2D(0.5)).Forward(NewTensor(4, 8, 3, 3), true)
	if fmt.Sprint(channels.Shape) != "[4 8 3 3]" {
		t.Error(channels.Shape)
	}
}
