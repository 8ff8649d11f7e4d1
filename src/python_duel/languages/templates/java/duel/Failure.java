package duel;

import java.util.ArrayList;
import java.util.List;

/** Exceptions as a player wants to read them: the own lines, short. */
final class Failure {
    private static final int FRAMES = 6;
    private static final int TEXT_CHARS = 1500;

    private Failure() {}

    /** Made ahead: when it is needed there may be no room left to make it. */
    static byte[] outOfMemory(String kind) {
        return Channel.framed("{\"" + kind + "\": {\"type\": \"MemoryError\", \"line\": null, "
                + "\"text\": \"java.lang.OutOfMemoryError: the program uses more memory than it may\\n\"}}");
    }

    /** `{kind: {type, line, text}}` as a frame. `kind` is error or fatal. */
    static byte[] framed(String kind, Throwable thrown) {
        Throwable error = thrown instanceof ExceptionInInitializerError && thrown.getCause() != null
                ? thrown.getCause()
                : thrown;
        List<StackTraceElement> own = ownLines(error);
        String line = own.isEmpty() ? "null" : String.valueOf(own.get(0).getLineNumber());
        return Channel.framed("{\"" + kind + "\": {\"type\": " + Json.quoted(error.getClass().getSimpleName())
                + ", \"line\": " + line + ", \"text\": " + Json.quoted(text(error, own)) + "}}");
    }

    private static List<StackTraceElement> ownLines(Throwable error) {
        List<StackTraceElement> found = new ArrayList<>();
        for (StackTraceElement element : error.getStackTrace()) {
            if (Program.NAME.equals(element.getClassLoaderName())) {
                found.add(element);
            }
        }
        return found;
    }

    private static String text(Throwable error, List<StackTraceElement> own) {
        StringBuilder text = new StringBuilder(headline(error)).append('\n');
        for (StackTraceElement line : own.subList(0, Math.min(FRAMES, own.size()))) {
            text.append("    at ").append(line.getClassName()).append('.').append(line.getMethodName());
            text.append(" (line ").append(line.getLineNumber()).append(")\n");
        }
        if (own.size() > FRAMES) {
            text.append("    ... ").append(own.size() - FRAMES).append(" more\n");
        }
        if (error.getCause() != null) {
            text.append("Caused by: ").append(headline(error.getCause())).append('\n');
        }
        return text.toString();
    }

    private static String headline(Throwable error) {
        String shown;
        try {
            shown = String.valueOf(error);
        } catch (Throwable another) { // its text is made by the player's code
            shown = error.getClass().getName();
        }
        return shown.length() > TEXT_CHARS / 2 ? shown.substring(0, TEXT_CHARS / 2) + "..." : shown;
    }
}
