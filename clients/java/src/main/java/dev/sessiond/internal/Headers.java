package dev.sessiond.internal;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.function.Supplier;

/** Puts headers on every call; they are asked for at each, as a token may be renewed. */
public final class Headers implements ClientInterceptor {
  private final Supplier<Metadata> headers;

  private Headers(Supplier<Metadata> headers) {
    this.headers = headers;
  }

  /** The channel, with the headers on every call that is made over it. */
  public static Channel on(Channel channel, Supplier<Metadata> headers) {
    return ClientInterceptors.intercept(channel, new Headers(headers));
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<R> listener, Metadata sent) {
        sent.merge(headers.get());
        super.start(listener, sent);
      }
    };
  }
}
