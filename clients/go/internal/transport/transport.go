// Package transport has what every channel of this module to a sessiond server has in common.
package transport

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

// ServiceConfig has retries of unavailable servers and balancing over all addresses: the file that every sessiond
// client loads.
//
//go:embed service_config.json
var ServiceConfig string

// DialOptions are the options of a channel to sessiond; with keepalive for one that is silent for long while it is used.
func DialOptions(withKeepalive bool) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithDefaultServiceConfig(ServiceConfig),
		// gRPC's own limit is 4 MiB. An event may have 16, and a page of sessions with large states more.
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(math.MaxInt32),
			grpc.MaxCallSendMsgSize(math.MaxInt32),
		),
		// gRPC waits up to two minutes before it looks again whether a server is back.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  200 * time.Millisecond,
				Multiplier: 1.6,
				Jitter:     0.2,
				MaxDelay:   2 * time.Second,
			},
			MinConnectTimeout: 5 * time.Second,
		}),
	}
	if withKeepalive {
		options = append(options, grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time:    60 * time.Second,
			Timeout: 20 * time.Second,
		}))
	}
	return options
}

// WithHeaders adds the headers that a function gives, if there is one, to those of a call's context.
func WithHeaders(ctx context.Context, headers func(context.Context) (metadata.MD, error)) (context.Context, error) {
	if headers == nil {
		return ctx, nil
	}
	given, err := headers(ctx)
	if err != nil {
		return nil, fmt.Errorf("sessiond: no metadata for the call: %w", err)
	}
	own, _ := metadata.FromOutgoingContext(ctx)
	return metadata.NewOutgoingContext(ctx, metadata.Join(own, given)), nil
}
