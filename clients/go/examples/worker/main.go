// A worker that sees each event of a session at least once, whatever happens to it, to servers or to connections.
//
// go run ./examples/worker host:port app user session cursor-file
//
// It handles an event first and stores the cursor after it. Where it dies in between, the events since the stored cursor
// come again: a handler does nothing twice by the id of the event.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "sessiond.dev/go/sessiond/v1"
	"sessiond.dev/go/tail"
)

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: worker host:port app user session cursor-file")
	}
	key := &pb.SessionKey{AppName: os.Args[2], UserId: os.Args[3], SessionId: os.Args[4]}
	if err := work(context.Background(), os.Args[1], key, os.Args[5]); err != nil {
		log.Fatal(err)
	}
}

func work(ctx context.Context, target string, key *pb.SessionKey, file string) error {
	channel, err := tail.Dial(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer channel.Close()
	cursor, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for update, err := range tail.Follow(ctx, channel, key, tail.Options{Cursor: string(cursor)}) {
		if err != nil {
			return err
		}
		switch update := update.(type) {
		case tail.Events:
			for _, event := range update.Events {
				handle(event)
			}
			if err := acknowledge(file, update.Cursor); err != nil {
				return err
			}
		case tail.Ended:
			fmt.Println("ended:", update.Reason)
		}
	}
	return nil
}

func handle(event *pb.Event) {
	fmt.Println(event.GetSeq(), event.GetId(), event.GetContent())
}

// acknowledge stores the cursor in one step: a crash leaves the old one or the new one.
func acknowledge(file, cursor string) error {
	fresh, err := os.Create(file + ".new")
	if err != nil {
		return err
	}
	defer fresh.Close()
	if _, err := fresh.WriteString(cursor); err != nil {
		return err
	}
	if err := fresh.Sync(); err != nil {
		return err
	}
	return os.Rename(fresh.Name(), file)
}
