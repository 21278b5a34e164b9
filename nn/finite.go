package nn

// notFinite names the first layer whose last output holds NaN or Inf. Outputs whose memory was reused are passed over.
func (p *plan) notFinite() string {
	for _, s := range p.steps {
		for _, param := range s.node.op.params() {
			if !finite(param.Value.Data) {
				return "parameter " + param.Name + " is not finite"
			}
		}
	}
	if !finite(p.in.Data) {
		return "the input is not finite"
	}
	for _, s := range p.steps {
		s.forward()
		if !finite(s.call.y.Data) {
			return "the output of " + s.node.name + " is not finite"
		}
	}
	return "all layers' outputs are finite"
}

func finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}
