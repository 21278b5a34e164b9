package main

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed topics
var topics embed.FS

// topicNames are the texts in topics, in the order of help.
var topicNames = []string{"environment", "exit-codes", "tags", "text-formats"}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND|TOPIC]",
		Short:   "explain a command or a topic: " + strings.Join(topicNames, ", "),
		Example: "  groupnb help run\n  groupnb help exit-codes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if text, err := topics.ReadFile("topics/" + args[0] + ".txt"); err == nil {
					fmt.Print(string(text))
					return nil
				}
			}
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usage(fmt.Errorf("nothing is known of %q", strings.Join(args, " ")), "topics are "+strings.Join(topicNames, ", "))
			}
			return found.Help()
		},
	}
}
