// Package status reads what an error of sessiond tells a client to do. It needs nothing but gRPC.
package status

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
)

// Domain is the domain of sessiond's google.rpc.ErrorInfo.
const Domain = "sessiond.dev"

// Reason is the reason that an error of sessiond carries, such as SESSION_NOT_FOUND: a name from ErrorReason in the
// proto files without its prefix. It is empty where the error has none.
func Reason(err error) string {
	for _, info := range Details[*errdetails.ErrorInfo](err) {
		// A proxy in between may send an ErrorInfo too, whose reasons mean something else.
		if info.GetDomain() == Domain {
			return info.GetReason()
		}
	}
	return ""
}

// RetryDelay is how long the server asks to wait before the call is made again; false where it does not say.
func RetryDelay(err error) (time.Duration, bool) {
	for _, info := range Details[*errdetails.RetryInfo](err) {
		return max(0, info.GetRetryDelay().AsDuration()), true
	}
	return 0, false
}

// Details are the details of one type that a gRPC error carries. An error that is not gRPC's has none.
func Details[T any](err error) []T {
	var found []T
	told, ok := status.FromError(err)
	if !ok {
		return nil
	}
	for _, detail := range told.Details() {
		if matching, ok := detail.(T); ok {
			found = append(found, matching)
		}
	}
	return found
}
