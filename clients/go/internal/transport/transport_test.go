package transport

import (
	"context"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "sessiond.dev/go/sessiond/v1"
)

// Embedding reaches no file outside of the package, so it has a copy.
func TestTheServiceConfigIsThatOfAllClients(t *testing.T) {
	common, err := os.ReadFile("../../../service-config.json")
	if err != nil {
		t.Fatal(err)
	}
	if ServiceConfig != string(common) {
		t.Error("service_config.json differs from clients/service-config.json")
	}
}

// busy is unavailable twice, and then answers with more than gRPC takes by itself.
type busy struct {
	pb.UnimplementedSessionServiceServer
	calls atomic.Int32
}

func (b *busy) GetUserState(context.Context, *pb.GetUserStateRequest) (*pb.GetUserStateResponse, error) {
	if b.calls.Add(1) < 3 {
		return nil, status.Error(codes.Unavailable, "not yet")
	}
	return &pb.GetUserStateResponse{State: map[string]string{"k": strings.Repeat("x", 5<<20)}}, nil
}

func TestAChannelTriesAgainAndTakesLargeMessages(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterSessionServiceServer(server, &busy{})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	options := append(DialOptions(true), grpc.WithTransportCredentials(insecure.NewCredentials()))
	channel, err := grpc.NewClient(listener.Addr().String(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { channel.Close() })
	answer, err := pb.NewSessionServiceClient(channel).GetUserState(t.Context(), &pb.GetUserStateRequest{})
	if err != nil || len(answer.GetState()["k"]) != 5<<20 {
		t.Error(err)
	}
}
