package duel;

import java.lang.reflect.Array;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** A type of the challenge format, as Java knows it: reads values from JSON, writes them by the declared type. */
abstract class Type {
    /** What a player writes, with full names: as reflection tells it. */
    final String name;

    final Class<?> raw;

    Type(String name, Class<?> raw) {
        this.name = name;
        this.raw = raw;
    }

    abstract Object read(Json in);

    /** Appends `value`. Unfit when it is no value of this type. */
    abstract void write(Object value, StringBuilder out) throws Unfit;

    /** This type where only objects can be: in a map, or beside null. */
    Type boxed() {
        return this;
    }

    /** Why an answer is none, as a sentence. */
    static final class Unfit extends Exception {
        Unfit(String sentence) {
            super(sentence, null, false, false);
        }
    }

    /** Reads `int`, `float`, `bool`, `str`, `list[T]`, `dict[str, T]` and `T | None`. */
    static Type parse(String text) {
        if (text.endsWith(" | None")) {
            return new Maybe(parse(text.substring(0, text.length() - " | None".length())).boxed());
        }
        if (text.startsWith("list[")) {
            return new ListOf(parse(text.substring("list[".length(), text.length() - 1)));
        }
        if (text.startsWith("dict[str, ")) {
            return new DictOf(parse(text.substring("dict[str, ".length(), text.length() - 1)).boxed());
        }
        return new Scalar(text, false);
    }

    private static final class Scalar extends Type {
        private static final Map<String, Class<?>> PLAIN =
                Map.of("int", long.class, "float", double.class, "bool", boolean.class, "str", String.class);
        private static final Map<String, Class<?>> BOXED =
                Map.of("int", Long.class, "float", Double.class, "bool", Boolean.class, "str", String.class);

        private final String kind;

        Scalar(String kind, boolean boxed) {
            super((boxed ? BOXED : PLAIN).get(kind).getName(), (boxed ? BOXED : PLAIN).get(kind));
            this.kind = kind;
        }

        @Override
        Type boxed() {
            return new Scalar(kind, true);
        }

        @Override
        Object read(Json in) {
            switch (kind) {
                case "int":
                    return Long.valueOf(in.word());
                case "float":
                    return Double.valueOf(in.word());
                case "bool":
                    return in.word().equals("true");
                default:
                    return in.string();
            }
        }

        @Override
        void write(Object value, StringBuilder out) throws Unfit {
            if (!BOXED.get(kind).isInstance(value)) {
                throw new Unfit("the answer holds " + described(value) + " where " + raw.getSimpleName() + " belongs");
            }
            if (value instanceof Double && !Double.isFinite((Double) value)) {
                throw new Unfit("the answer holds a number that is not finite");
            }
            if (value instanceof String) {
                Json.write((String) value, out);
            } else {
                out.append(value);
            }
        }
    }

    private static final class Maybe extends Type {
        private final Type item;

        Maybe(Type item) {
            super(item.name, item.raw);
            this.item = item;
        }

        @Override
        Object read(Json in) {
            if (in.peek() != 'n') {
                return item.read(in);
            }
            in.word();
            return null;
        }

        @Override
        void write(Object value, StringBuilder out) throws Unfit {
            if (value == null) {
                out.append("null");
            } else {
                item.write(value, out);
            }
        }
    }

    private static final class ListOf extends Type {
        private final Type item;

        ListOf(Type item) {
            super(item.name + "[]", item.raw.arrayType());
            this.item = item;
        }

        @Override
        Object read(Json in) {
            Object items = Array.newInstance(item.raw, 8);
            int size = 0;
            in.expect('[');
            while (!in.take(']')) {
                if (size == Array.getLength(items)) {
                    items = copy(items, 2 * size, size);
                }
                Array.set(items, size++, item.read(in));
                in.take(',');
            }
            return copy(items, size, size);
        }

        private Object copy(Object items, int room, int size) {
            Object copied = Array.newInstance(item.raw, room);
            System.arraycopy(items, 0, copied, 0, size);
            return copied;
        }

        @Override
        void write(Object value, StringBuilder out) throws Unfit {
            if (!raw.isInstance(value)) {
                throw new Unfit("the answer holds " + described(value) + " where an array belongs");
            }
            out.append('[');
            int size = Array.getLength(value);
            for (int i = 0; i < size; i++) {
                if (i > 0) {
                    out.append(", ");
                }
                item.write(Array.get(value, i), out);
            }
            out.append(']');
        }
    }

    private static final class DictOf extends Type {
        private final Type item;

        DictOf(Type item) {
            super("java.util.Map<java.lang.String, " + item.name + ">", Map.class);
            this.item = item;
        }

        @Override
        Object read(Json in) {
            Map<String, Object> found = new LinkedHashMap<>();
            in.expect('{');
            while (!in.take('}')) {
                String key = in.string();
                in.expect(':');
                found.put(key, item.read(in));
                in.take(',');
            }
            return found;
        }

        @Override
        void write(Object value, StringBuilder out) throws Unfit {
            if (!(value instanceof Map)) {
                throw new Unfit("the answer holds " + described(value) + " where a Map belongs");
            }
            out.append('{');
            String between = "";
            // A copy: a map of the player's own class may do anything while it is walked through.
            for (Map.Entry<?, ?> entry : new HashMap<>((Map<?, ?>) value).entrySet()) {
                if (!(entry.getKey() instanceof String)) {
                    throw new Unfit("the answer holds a Map with a key that is no String");
                }
                out.append(between);
                between = ", ";
                Json.write((String) entry.getKey(), out);
                out.append(": ");
                item.write(entry.getValue(), out);
            }
            out.append('}');
        }
    }

    private static String described(Object value) {
        return value == null ? "null" : "a " + value.getClass().getSimpleName();
    }
}
