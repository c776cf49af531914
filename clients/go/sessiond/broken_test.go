package sessiond

import (
	"context"
	"errors"
	"net"
	"testing"

	"google.golang.org/adk/v2/session"
	"google.golang.org/grpc"

	pb "sessiond.dev/go/sessiond/v1"
)

// broken ends a history before it is complete, and as if it were, which no server of ours does.
type broken struct {
	pb.UnimplementedSessionServiceServer
}

// GetSession answers as a server does that knows nothing of histories.
func (broken) GetSession(context.Context, *pb.GetSessionRequest) (*pb.GetSessionResponse, error) {
	return &pb.GetSessionResponse{Session: &pb.Session{}}, nil
}

func (broken) StreamEvents(_ *pb.StreamEventsRequest, stream grpc.ServerStreamingServer[pb.StreamEventsResponse]) error {
	return stream.Send(&pb.StreamEventsResponse{Frame: &pb.StreamEventsResponse_Opened{
		Opened: &pb.OpenedFrame{Session: &pb.Session{}},
	}})
}

func TestAPartOfAHistoryIsNotGivenForTheWhole(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterSessionServiceServer(server, broken{})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	service := newService(t, listener.Addr().String())
	request := &session.GetRequest{AppName: "a", UserID: "u", SessionID: "s"}
	if _, err := service.Get(t.Context(), request); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the error is %v", err)
	}
	ended := false
	for _, err := range service.History(t.Context(), request) {
		ended = errors.Is(err, ErrUnavailable)
	}
	if !ended {
		t.Error("there is no error")
	}
}
