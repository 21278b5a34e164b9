// Package plots draws what training and teaching need: loss curves, static and live, and filter-correlation matrices.
//
//	curve := plots.LiveCurve("ResNeXt on Fashion-MNIST")
//	history, err := model.Fit(train.Batches(64), nn.SGD(0.1), nn.OnEpoch(curve.Epoch))
//	plots.LossCurve(history).Save("loss.png")
//
// A [Figure] displays itself in a notebook as a PNG, beside a text/plain twin that says the same in a terminal or a log.
// Pictures have a transparent background and mid-tone ink, so that one picture is legible on light and on dark pages.
//
// The package draws; statistics come from package nn. It is not a general plotting library: gonum/plot is, and may be
// used in the same notebook.
package plots
