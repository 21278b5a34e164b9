package nn

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// StepStats says how one training step went.
type StepStats struct {
	Step     int     // from 0, through all epochs
	Epoch    int     // from 1
	Loss     float64 // of the last batch
	LR       float64 // learning rate
	GradNorm float64 // before clipping; 0 unless ClipNorm is set
}

// EpochStats says how an epoch went. Losses are means over examples, accuracies shares from 0 to 1, NaN where examples have no class.
type EpochStats struct {
	Epoch           int     // from 1
	Loss, Accuracy  float64 // while it was trained
	ValLoss, ValAcc float64 // NaN without Validate
	LR              float64 // of the last step
	Seconds         float64 // of training, without validation
	ImagesPerSecond float64 // examples in Seconds
}

// History is the course of a training run.
type History struct {
	Epochs []EpochStats // those that were completed
	Steps  []StepStats  // of the optimiser
}

// Last returns the stats of the last epoch that was completed, the zero value if there is none.
func (h *History) Last() EpochStats {
	if len(h.Epochs) == 0 {
		return EpochStats{}
	}
	return h.Epochs[len(h.Epochs)-1]
}

// String is one line for each epoch.
func (h *History) String() string {
	var b strings.Builder
	for i, row := range h.table() {
		if i > 0 {
			b.WriteByte('\n')
		}
		for j, cell := range row {
			if j > 0 {
				b.WriteString("  ")
			}
			fmt.Fprintf(&b, "%*s", columnWidths[j], cell)
		}
	}
	return b.String()
}

var columnWidths = []int{5, 8, 8, 8, 8, 9, 7, 8}

func (h *History) table() [][]string {
	rows := [][]string{{"epoch", "loss", "acc", "val loss", "val acc", "lr", "sec", "images/s"}}
	for _, e := range h.Epochs {
		rows = append(rows, []string{
			fmt.Sprint(e.Epoch), number(e.Loss), percent(e.Accuracy), number(e.ValLoss), percent(e.ValAcc),
			fmt.Sprintf("%.3g", e.LR), fmt.Sprintf("%.1f", e.Seconds), fmt.Sprintf("%.0f", e.ImagesPerSecond),
		})
	}
	return rows
}

func number(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.4f", v)
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.2f%%", 100*v)
}

// HTML is the same table for a notebook.
func (h *History) HTML() string { return htmlTable(h.table(), 0) }

// htmlTable draws rows, the first of them the head; the first left columns are left-aligned.
func htmlTable(rows [][]string, left int) string {
	var b strings.Builder
	b.WriteString("<table>")
	for i, row := range rows {
		b.WriteString("<tr>")
		for j, cell := range row {
			tag, align := "td", "right"
			if i == 0 {
				tag = "th"
			}
			if j < left {
				align = "left"
			}
			fmt.Fprintf(&b, `<%s style="text-align:%s">%s</%s>`, tag, align, html.EscapeString(cell), tag)
		}
		b.WriteString("</tr>")
	}
	b.WriteString("</table>")
	return b.String()
}
