package dev.sessiond.adk;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializationConfig;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.BeanSerializerModifier;
import com.fasterxml.jackson.databind.type.CollectionType;
import com.fasterxml.jackson.databind.type.MapType;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Base64;

/** How values are written where Jackson's own way is not the canonical one. */
final class CanonicalModule extends SimpleModule {
  CanonicalModule() {
    addDeserializer(byte[].class, new BytesReader());
    addSerializer(Duration.class, new DurationWriter());
    addDeserializer(Duration.class, new DurationReader());
    setSerializerModifier(
        new BeanSerializerModifier() {
          @Override
          public JsonSerializer<?> modifyCollectionSerializer(
              SerializationConfig config,
              CollectionType type,
              BeanDescription description,
              JsonSerializer<?> serializer) {
            return StableOrder.of(serializer);
          }

          @Override
          public JsonSerializer<?> modifyMapSerializer(
              SerializationConfig config,
              MapType type,
              BeanDescription description,
              JsonSerializer<?> serializer) {
            return StableOrder.of(serializer);
          }
        });
  }

  /**
   * Reads base64 of both alphabets, with and without padding: Python's ADK writes the other one.
   */
  private static final class BytesReader extends JsonDeserializer<byte[]> {
    @Override
    public byte[] deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      String text = parser.getValueAsString();
      if (text == null) {
        return (byte[]) context.handleUnexpectedToken(byte[].class, parser);
      }
      try {
        return Base64.getDecoder().decode(text.replace('-', '+').replace('_', '/'));
      } catch (IllegalArgumentException error) {
        return (byte[])
            context.handleWeirdStringValue(byte[].class, text, "no base64: %s", error.getMessage());
      }
    }
  }

  /** Writes a duration as Google's APIs do: {@code 1.5s}. */
  private static final class DurationWriter extends JsonSerializer<Duration> {
    @Override
    public void serialize(Duration value, JsonGenerator generator, SerializerProvider provider)
        throws IOException {
      BigDecimal seconds =
          BigDecimal.valueOf(value.getSeconds()).add(BigDecimal.valueOf(value.getNano(), 9));
      String text = seconds.signum() == 0 ? "0" : seconds.stripTrailingZeros().toPlainString();
      generator.writeString(text + "s");
    }
  }

  /** Reads {@code 1.5s}, a number of seconds, or ISO's form. */
  private static final class DurationReader extends JsonDeserializer<Duration> {
    @Override
    public Duration deserialize(JsonParser parser, DeserializationContext context)
        throws IOException {
      String text = String.valueOf(parser.getValueAsString());
      try {
        if (text.startsWith("P") || text.startsWith("-P")) {
          return Duration.parse(text);
        }
        String number = text.endsWith("s") ? text.substring(0, text.length() - 1) : text;
        BigDecimal nanos = new BigDecimal(number).movePointRight(9);
        return Duration.ofNanos(nanos.longValue());
      } catch (DateTimeException | NumberFormatException error) {
        return (Duration) context.handleWeirdStringValue(Duration.class, text, "no duration");
      }
    }
  }
}
