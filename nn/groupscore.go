package nn

import (
	"fmt"
	"math"
)

// GroupScores are block scores ([BlockScore] of [Correlation.Whitened]) of two layers in a trained network, with the two
// numbers to hold them against: an architecture with groups shows them before it has learned anything, and one without shows
// what chance gives.
type GroupScores struct {
	From, To string
	Groups   int

	Trained   float64
	Untrained float64 // of the same model with its initial weights
	Ungrouped float64 // of a model with one group, NaN if there was none
}

// GroupScores measures how much two layers of a trained model show groups over d, with the controls: the model with the
// weights that [Model.Init] gave it, which are put back afterwards, and ungrouped, a model without groups that was trained in
// the same way and calls its layers the same; nil leaves that control out. It returns an error for an unknown layer, and one
// that wraps context.Canceled when the notebook cell is interrupted.
func (m *Model) GroupScores(d Dataset, from, to string, groups int, ungrouped *Model) (s GroupScores, err error) {
	defer recovered(&err)
	s = GroupScores{From: from, To: to, Groups: groups, Ungrouped: math.NaN()}
	if s.Trained, err = m.groupScore(d, from, to, groups); err != nil {
		return s, err
	}
	var learned record
	learned.keep(m)
	defer learned.restore(m)
	m.Init(m.seed)
	if s.Untrained, err = m.groupScore(d, from, to, groups); err != nil || ungrouped == nil {
		return s, err
	}
	s.Ungrouped, err = ungrouped.groupScore(d, from, to, groups)
	return s, err
}

func (m *Model) groupScore(d Dataset, from, to string, groups int) (float64, error) {
	c, err := m.Correlate(d, from, to)
	if err != nil {
		return 0, err
	}
	return BlockScore(c.Whitened(), groups), nil
}

// String says all three numbers.
func (s GroupScores) String() string {
	text := fmt.Sprintf("block score of %s and %s in %d groups: %.2f trained, %.2f untrained", s.From, s.To, s.Groups, s.Trained, s.Untrained)
	if !math.IsNaN(s.Ungrouped) {
		text += fmt.Sprintf(", %.2f without groups", s.Ungrouped)
	}
	return text
}
