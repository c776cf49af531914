package dev.sessiond.support;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;

/** Counts a client's calls, and can refuse the next ones as a proxy on the way does. */
public final class Calls implements ClientInterceptor {
  private final List<String> begun = new CopyOnWriteArrayList<>();
  private final AtomicInteger underWay = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final AtomicInteger toRefuse = new AtomicInteger();
  private final Map<String, Runnable> between = new ConcurrentHashMap<>();
  private volatile Status refusal = Status.OK;

  /** How many have begun. */
  public int begun() {
    return begun.size();
  }

  /** The methods of those that have begun since so many had. */
  public List<String> since(int number) {
    return List.copyOf(begun).subList(number, begun.size());
  }

  /** Does work after the server has answered the next call of this method, before that is told. */
  public void afterNext(String method, Runnable work) {
    between.put(method, work);
  }

  /** The most that were under way at a time. */
  public int most() {
    return most.get();
  }

  /** Has the next calls end in this status, and never get to the server. */
  public void refuse(int number, Status status) {
    refusal = status;
    toRefuse.set(number);
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    if (toRefuse.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      begun.add(method.getBareMethodName());
      return new Refused<>(refusal);
    }
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<R> listener, Metadata headers) {
        begun.add(method.getBareMethodName());
        most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
        super.start(
            new SimpleForwardingClientCallListener<>(listener) {
              @Override
              public void onClose(Status status, Metadata trailers) {
                underWay.decrementAndGet();
                Runnable work = between.remove(method.getBareMethodName());
                if (work != null) {
                  work.run();
                }
                super.onClose(status, trailers);
              }
            },
            headers);
      }
    };
  }

  private static final class Refused<Q, R> extends ClientCall<Q, R> {
    private final Status status;

    Refused(Status status) {
      this.status = status;
    }

    @Override
    public void start(Listener<R> listener, Metadata headers) {
      ForkJoinPool.commonPool().execute(() -> listener.onClose(status, new Metadata()));
    }

    @Override
    public void request(int number) {}

    @Override
    public void cancel(String message, Throwable cause) {}

    @Override
    public void halfClose() {}

    @Override
    public void sendMessage(Q message) {}
  }
}
