// Nothing but grpc-go and the stubs: stores an event and reads the history. go run ./examples/plainstubs [host:port]
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "sessiond.dev/go/sessiond/v1"
)

func main() {
	target := "localhost:50051"
	if len(os.Args) > 1 {
		target = os.Args[1]
	}
	channel, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer channel.Close()
	ctx, sessions := context.Background(), pb.NewSessionServiceClient(channel)
	made, err := sessions.CreateSession(ctx, &pb.CreateSessionRequest{Key: &pb.SessionKey{AppName: "plain", UserId: "ann"}})
	check(err)
	author, key := "user", made.GetSession().GetKey()
	_, err = sessions.AppendEvent(ctx, &pb.AppendEventRequest{Key: key, Event: &pb.Event{
		Author: &author, Content: `{"role":"user","parts":[{"text":"hello"}]}`, StateDelta: map[string]string{"n": "1"},
	}})
	check(err)
	stream, err := sessions.StreamEvents(ctx, &pb.StreamEventsRequest{Key: key})
	check(err)
	for {
		frame, err := stream.Recv()
		if err == io.EOF {
			return
		}
		check(err)
		for _, event := range frame.GetEvents().GetEvents() {
			fmt.Println(event.GetSeq(), event.GetAuthor(), event.GetContent(), event.GetStateDelta())
		}
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
