package duel;

/** JSON of a trusted parent, read token by token, and texts written for it. */
final class Json {
    private final String text;
    private int at;

    Json(String text) {
        this.text = text;
    }

    /** The next character that is no white space, left where it is; 0 at the end. */
    char peek() {
        while (at < text.length() && text.charAt(at) <= ' ') {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    /** Whether the next character is `wanted`; if so, it is taken. */
    boolean take(char wanted) {
        boolean found = peek() == wanted;
        if (found) {
            at++;
        }
        return found;
    }

    void expect(char wanted) {
        if (!take(wanted)) {
            throw new IllegalStateException("JSON: '" + wanted + "' expected at " + at);
        }
    }

    /** A number, true, false or null, as it is written. */
    String word() {
        peek();
        int start = at;
        while (at < text.length() && ",]}: \n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(start, at);
    }

    String string() {
        expect('"');
        int end = at;
        while (text.charAt(end) != '"' && text.charAt(end) != '\\') {
            end++;
        }
        StringBuilder found = new StringBuilder(text.substring(at, end));
        at = end;
        while (text.charAt(at) != '"') {
            char next = text.charAt(at++);
            found.append(next == '\\' ? escaped() : next);
        }
        at++;
        return found.toString();
    }

    private char escaped() {
        char kind = text.charAt(at++);
        switch (kind) {
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'u':
                at += 4;
                return (char) Integer.parseInt(text.substring(at - 4, at), 16);
            default:
                return kind;
        }
    }

    /** Appends a text in quotes. Lone surrogates, which UTF-8 cannot carry, are escaped: the parent refuses them. */
    static void write(String value, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char next = value.charAt(i);
            if (next == '"' || next == '\\') {
                out.append('\\').append(next);
            } else if (next < ' ' || Character.isSurrogate(next)) {
                out.append("\\u");
                for (int shift = 12; shift >= 0; shift -= 4) {
                    out.append(Character.forDigit(next >> shift & 15, 16));
                }
            } else {
                out.append(next);
            }
        }
        out.append('"');
    }

    /** A text in quotes. */
    static String quoted(String value) {
        StringBuilder out = new StringBuilder(value.length() + 2);
        write(value, out);
        return out.toString();
    }
}
