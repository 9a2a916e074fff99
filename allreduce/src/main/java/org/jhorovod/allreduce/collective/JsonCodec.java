package org.jhorovod.allreduce.collective;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Objects as JSON in UTF-8; numbers that are not finite too. */
final class JsonCodec<T> implements ObjectCodec<T> {
    private final Gson gson = new GsonBuilder().serializeSpecialFloatingPointValues().create();
    private final Type type;

    JsonCodec(Type type) {
        this.type = type;
    }

    @Override
    public byte[] encode(T value) {
        return gson.toJson(value, type).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public T decode(byte[] bytes) {
        T value = gson.fromJson(text(bytes), type);
        if (value == null) {
            throw new JsonParseException("there is no value");
        }
        return value;
    }

    private static String text(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new JsonParseException("these bytes are no UTF-8", e);
        }
    }
}
