package flow

// Direction is the direction of a rule, seen from its subject.
type Direction string

// Directions returns both directions.
func Directions() []Direction { return []Direction{Egress, Ingress} }

// Opposite returns the direction seen from the other side.
func (d Direction) Opposite() Direction {
	if d == Egress {
		return Ingress
	}
	return Egress
}

// The directions.
const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)
