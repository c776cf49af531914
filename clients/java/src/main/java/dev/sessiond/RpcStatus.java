package dev.sessiond;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a failed call of sessiond tells a client to do.
 *
 * @param code the gRPC status code.
 * @param message the server's words, or the code's name where there are none.
 * @param reason the name of an {@code ErrorReason} without its prefix, such as {@code
 *     STALE_SESSION}; empty where none came.
 * @param metadata facts that belong to the reason, such as {@code actual_revision}.
 * @param violations for a bad request, from the request's field to what is wrong with it.
 * @param retryDelay how long to wait before another try, where the server said.
 * @param requestId names the call in the server's log; empty where none came.
 */
public record RpcStatus(
    Status.Code code,
    String message,
    String reason,
    Map<String, String> metadata,
    Map<String, String> violations,
    Optional<Duration> retryDelay,
    String requestId) {

  private static final String DOMAIN = "sessiond.dev";
  private static final Metadata.Key<String> REQUEST_ID =
      Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER);

  /** Copies the maps. */
  public RpcStatus {
    metadata = Map.copyOf(metadata);
    violations = Map.copyOf(violations);
  }

  /** Reads the details of google.rpc that the server sent. */
  public static RpcStatus of(StatusRuntimeException error) {
    Status status = error.getStatus();
    ErrorInfo info = ErrorInfo.getDefaultInstance();
    Map<String, String> violations = new LinkedHashMap<>();
    Optional<Duration> retryDelay = Optional.empty();
    com.google.rpc.Status details = details(error);
    for (Any detail : details.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        info = unpack(detail, ErrorInfo.class).orElse(info);
      } else if (detail.is(BadRequest.class)) {
        unpack(detail, BadRequest.class)
            .ifPresent(
                bad ->
                    bad.getFieldViolationsList()
                        .forEach(one -> violations.put(one.getField(), one.getDescription())));
      } else if (detail.is(RetryInfo.class)) {
        retryDelay =
            unpack(detail, RetryInfo.class)
                .map(RetryInfo::getRetryDelay)
                .map(delay -> Duration.ofSeconds(delay.getSeconds(), delay.getNanos()))
                .filter(delay -> !delay.isNegative());
      }
    }
    // A proxy in between may send an ErrorInfo too, whose reasons mean something else.
    String reason = info.getDomain().equals(DOMAIN) ? info.getReason() : "";
    Map<String, String> metadata = info.getMetadataMap();
    String requestId = metadata.get("request_id");
    if (requestId == null && error.getTrailers() != null) {
      requestId = error.getTrailers().get(REQUEST_ID);
    }
    String words = status.getDescription();
    return new RpcStatus(
        code(status),
        words == null || words.isEmpty() ? status.getCode().name() : words,
        reason,
        metadata,
        violations,
        retryDelay,
        requestId == null ? "" : requestId);
  }

  /** A connection that breaks while something is written is UNKNOWN to gRPC's transport. */
  private static Status.Code code(Status status) {
    return status.getCode() == Status.Code.UNKNOWN && status.getCause() instanceof IOException
        ? Status.Code.UNAVAILABLE
        : status.getCode();
  }

  private static com.google.rpc.Status details(StatusRuntimeException error) {
    try {
      com.google.rpc.Status details = StatusProto.fromThrowable(error);
      return details == null ? com.google.rpc.Status.getDefaultInstance() : details;
    } catch (RuntimeException broken) { // a broken detail must not hide the status itself
      return com.google.rpc.Status.getDefaultInstance();
    }
  }

  private static <T extends Message> Optional<T> unpack(Any detail, Class<T> type) {
    try {
      return Optional.of(detail.unpack(type));
    } catch (InvalidProtocolBufferException broken) {
      return Optional.empty();
    }
  }
}
