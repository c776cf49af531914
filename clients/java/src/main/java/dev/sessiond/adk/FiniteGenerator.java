package dev.sessiond.adk;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.JsonGeneratorDelegate;
import java.io.IOException;

/** Writes null for numbers that JSON has not. */
final class FiniteGenerator extends JsonGeneratorDelegate {
  FiniteGenerator(JsonGenerator generator) {
    super(generator);
  }

  @Override
  public void writeNumber(double value) throws IOException {
    if (Double.isFinite(value)) {
      super.writeNumber(value);
    } else {
      writeNull();
    }
  }

  @Override
  public void writeNumber(float value) throws IOException {
    if (Float.isFinite(value)) {
      super.writeNumber(value);
    } else {
      writeNull();
    }
  }

  @Override
  public void writeArray(double[] values, int offset, int length) throws IOException {
    writeStartArray();
    for (int index = offset; index < offset + length; index++) {
      writeNumber(values[index]);
    }
    writeEndArray();
  }
}
