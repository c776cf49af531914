package dev.sessiond.adk;

import com.google.adk.sessions.SessionException;
import dev.sessiond.tail.Tail;
import dev.sessiond.tail.TailOptions;
import dev.sessiond.tail.Update;
import dev.sessiond.v1.SessionKey;
import dev.sessiond.v1.StreamEventsRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.reactivex.rxjava3.core.Flowable;
import io.reactivex.rxjava3.core.Single;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The way to one server. Making one does no I/O; it connects at the first call. */
final class Connection implements AutoCloseable {
  final Options options;
  private @Nullable ServiceChannels channels;

  Connection(Options options) {
    this.options = options;
  }

  /**
   * Makes a call when its turn comes, and gives its answer. Tries again where that helps, until the
   * deadline, which counts from its turn. Every request can be repeated: reads change nothing, and
   * writes carry an event id or a request id.
   *
   * <p>Fails with the {@link SessionException} of the last try.
   *
   * @param sessionId the session that the call is about, for the texts of errors.
   */
  <Q, R> Single<R> unary(MethodDescriptor<Q, R> method, Q request, String sessionId) {
    return unaryWhenDue(method, () -> request, sessionId);
  }

  /**
   * The same.
   *
   * @param request is asked for when the call's turn comes. If that throws nothing is sent.
   */
  <Q, R> Single<R> unaryWhenDue(
      MethodDescriptor<Q, R> method, Supplier<Q> request, String sessionId) {
    return Single.defer(
        () -> {
          ServiceChannels current = channels();
          return current
              .callLine()
              .inTurn(
                  () ->
                      new UnaryTries<>(current, options, method, request.get(), sessionId).next());
        });
  }

  /** Makes a call once. */
  static <Q, R> Single<R> once(
      Channel channel, MethodDescriptor<Q, R> method, Q request, Duration timeout) {
    return Single.create(
        emitter -> {
          ClientCall<Q, R> call =
              channel.newCall(
                  method,
                  CallOptions.DEFAULT.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS));
          ClientCalls.asyncUnaryCall(
              call,
              request,
              new StreamObserver<R>() {
                private @Nullable R answer;

                @Override
                public void onNext(R value) {
                  answer = value;
                }

                @Override
                public void onError(Throwable error) {
                  emitter.tryOnError(error);
                }

                @Override
                public void onCompleted() {
                  emitter.onSuccess(answer);
                }
              });
          // Not before: a call that has failed by then must not be cancelled while it is begun.
          emitter.setCancellable(() -> call.cancel("the subscriber has left", null));
        });
  }

  /**
   * Reads a history by a stream when its turn comes, again from the start where it breaks off: a
   * part of one is never given for the whole. Fails with a {@link SessionException}.
   */
  Single<History> history(StreamEventsRequest request) {
    return Single.defer(
        () -> {
          ServiceChannels current = channels();
          return current
              .historyLine()
              .inTurn(() -> new HistoryTries(current, options, request).next());
        });
  }

  /** Follows a session. Fails with a {@link SessionException} that no reconnect would change. */
  Flowable<Update> tail(SessionKey key, TailOptions place) {
    return Flowable.defer(
            () -> Tail.follow(channels().tails(), key, place.metadata(options.metadata())))
        .onErrorResumeNext(error -> Flowable.error(Errors.of(error, key.getSessionId())));
  }

  /** The channels, which are made where there are none. */
  private synchronized ServiceChannels channels() {
    if (channels == null) {
      channels = new ServiceChannels(options);
    }
    return channels;
  }

  /** What a call that was under way when the connection was closed ends with. */
  static SessiondException closed() {
    return new SessiondException(
        "The session service was closed.",
        null,
        Status.CANCELLED.withDescription("closed").asRuntimeException());
  }

  /** Closes the channels, and ends the calls over them. A later call connects anew. */
  @Override
  public synchronized void close() {
    if (channels != null) {
      channels.close();
      channels = null;
    }
  }
}
