package nn

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Slots that live at the same time have places of their own, and a plan takes no more memory than what lives at its fullest moment,
// or little more.
func TestSlotsShareMemoryWhenTheirLivesDoNotOverlap(t *testing.T) {
	for seed := range uint64(50) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			var s slots
			var living []int
			now, most := 0, 0
			for range 200 {
				if len(living) > 0 && r.IntN(2) == 0 {
					i := r.IntN(len(living))
					s.drop(living[i])
					now -= s.all[living[i]].size
					living = append(living[:i], living[i+1:]...)
					continue
				}
				i := s.take(1 + r.IntN(8)*1000)
				living = append(living, i)
				now += s.all[i].size
				most = max(most, now)
			}
			total := s.place()
			for i, a := range s.all {
				for _, b := range s.all[:i] {
					apart := a.at+a.size <= b.at || b.at+b.size <= a.at
					if together := a.born < b.died && b.born < a.died; together && !apart {
						t.Fatalf("%+v and %+v overlap", a, b)
					}
				}
			}
			if 4*total > 5*most {
				t.Errorf("memory for %d numbers, at most %d live at the same time", total, most)
			}
		})
	}
}
