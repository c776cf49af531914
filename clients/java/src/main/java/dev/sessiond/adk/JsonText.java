package dev.sessiond.adk;

import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonInclude.Value;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.google.adk.events.Event;
import com.google.adk.events.EventActions;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * JSON text as it goes over the wire and comes back, in ADK's canonical form: camelCase keys,
 * standard base64, ISO dates, durations as {@code 1.5s}, no field for what is absent.
 */
final class JsonText {
  /** Reads and writes the models of ADK and of google-genai, and the values of state. */
  static final JsonMapper MAPPER =
      JsonMapper.builder(
              new JsonFactoryBuilder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxStringLength(Integer.MAX_VALUE)
                          .maxNumberLength(100_000)
                          .build())
                  .build())
          .addModule(new Jdk8Module())
          .addModule(new JavaTimeModule())
          .addModule(new CanonicalModule())
          .addHandler(new UnknownFields())
          .addMixIn(Event.class, EventConversion.Payloads.class)
          .addMixIn(EventActions.class, EventConversion.ActionsPayload.class)
          // Absent rather than null in models; in maps null is a value.
          .defaultPropertyInclusion(Value.construct(Include.NON_NULL, Include.ALWAYS))
          .withConfigOverride(
              Optional.class,
              override ->
                  override.setInclude(Value.construct(Include.NON_ABSENT, Include.NON_ABSENT)))
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private JsonText() {}

  /**
   * Writes a value. NaN and the infinities, which JSON has not, become null.
   *
   * @throws JsonProcessingException a value that JSON cannot carry, or that contains itself.
   */
  static String write(@Nullable Object value) throws JsonProcessingException {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = new FiniteGenerator(MAPPER.createGenerator(text))) {
      // What was written of a value that failed is not to be completed, but thrown away.
      generator.disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT);
      MAPPER.writeValue(generator, value);
    } catch (JsonProcessingException error) {
      throw error;
    } catch (IOException error) { // a StringWriter throws none
      throw new IllegalStateException(error);
    }
    return Surrogates.escaped(text.toString());
  }

  /** Reads JSON text: numbers as Integer, Long, BigInteger or Double, objects as ordered maps. */
  static @Nullable Object read(String text) {
    try {
      return MAPPER.readValue(text, Object.class);
    } catch (JsonProcessingException error) {
      throw new UnreadableEventException(
          "The server gave what is no JSON: " + error.getOriginalMessage(), null, error);
    }
  }
}
