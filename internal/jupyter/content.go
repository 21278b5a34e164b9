package jupyter

// Contents of messages that are sent from more than one place.

type statusContent struct {
	State string `json:"execution_state"`
}

func (c statusContent) appendJSON(b []byte) []byte {
	return append(append(append(b, `{"execution_state":"`...), c.State...), `"}`...)
}

type errorContent struct {
	Status    string   `json:"status,omitempty"` // of replies
	Name      string   `json:"ename"`
	Value     string   `json:"evalue"`
	Traceback []string `json:"traceback"`
	Count     *int     `json:"execution_count,omitempty"` // of execute_reply
}

type dataContent struct {
	Data      map[string]any            `json:"data"`
	Metadata  map[string]map[string]any `json:"metadata"`
	Transient *transient                `json:"transient,omitempty"`
	Count     *int                      `json:"execution_count,omitempty"` // of execute_result
}

type transient struct {
	ID string `json:"display_id,omitempty"`
}

type replyMetadata struct {
	Started string `json:"started"`
}

type okContent struct {
	Status string `json:"status"`
}
