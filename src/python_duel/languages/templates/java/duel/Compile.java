package duel;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** A compiler that stays warm: sources in, class files or diagnostics out, one frame each. It runs no player's code. */
public final class Compile {
    private static final List<String> OPTIONS =
            List.of("-proc:none", "-Xlint:none", "-nowarn", "-implicit:none", "-g:source,lines", "-Xmaxerrs", "10");
    private static final int SHOWN_ERRORS = 5;
    private static final byte CLASSES = 0;
    private static final byte ERRORS = 1;
    private static final String TOO_COMPLEX =
            "{\"message\": \"This program is nested too deeply, or is too large, to be compiled.\"}";
    private static final String SAMPLE = "import java.util.*; public class Main { record Two(int a, String b) {} "
            + "public static void main(String[] args) { Scanner in = new Scanner(System.in); var all = new ArrayList<Two>(); "
            + "Map<String, List<Long>> map = new HashMap<>(); for (Two two : all) map.computeIfAbsent(two.b, k -> "
            + "new ArrayList<>()).add((long) two.a); int[] a = {1, 2}; a[0] += in.nextInt(); "
            + "System.out.println(a[0] + \" \" + Arrays.stream(a).map(x -> x * 2).sum()); } }";

    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final JavaFileManager platform = compiler.getStandardFileManager(null, Locale.ENGLISH, StandardCharsets.UTF_8);

    /** Arguments: bytes of stack, for sources that are deeply nested; how many samples to compile before the first request. */
    public static void main(String[] arguments) {
        int samples = Integer.parseInt(arguments[1]);
        new Thread(null, () -> new Compile().serve(samples), "main", Long.parseLong(arguments[0])).start();
    }

    private void serve(int samples) {
        try {
            Channel channel = new Channel();
            for (int i = 0; i < samples; i++) {
                answer(SAMPLE);
                answer("class A { int f() { return x } }");
            }
            channel.send(Channel.framed("{\"ready\": true}"));
            while (true) {
                channel.send(Channel.framed(answer(new String(channel.read(), StandardCharsets.UTF_8))));
            }
        } catch (EOFException nobodyThere) {
            Runtime.getRuntime().halt(0);
        } catch (IOException broken) {
            Runtime.getRuntime().halt(1);
        }
    }

    private byte[] answer(String source) throws IOException {
        try {
            return compiled(source);
        } catch (StackOverflowError | OutOfMemoryError | RuntimeException tooMuch) {
            return tagged(ERRORS, TOO_COMPLEX.getBytes(StandardCharsets.UTF_8));
        }
    }

    private byte[] compiled(String source) throws IOException {
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        Memory memory = new Memory(platform);
        boolean done = compiler.getTask(Writer.nullWriter(), memory, found, OPTIONS, null, List.of(new Source(source))).call();
        if (done) {
            return tagged(CLASSES, memory.classes());
        }
        return tagged(ERRORS, errors(found.getDiagnostics(), source).getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] tagged(byte tag, byte[] data) {
        byte[] answer = new byte[data.length + 1];
        answer[0] = tag;
        System.arraycopy(data, 0, answer, 1, data.length);
        return answer;
    }

    /** The first error with its place, counted from 1 in characters; the next ones as text. */
    private static String errors(List<Diagnostic<? extends JavaFileObject>> all, String source) {
        List<Diagnostic<?>> errors = new ArrayList<>();
        for (Diagnostic<?> one : all) {
            if (one.getKind() == Diagnostic.Kind.ERROR && errors.size() < SHOWN_ERRORS) {
                errors.add(one);
            }
        }
        if (errors.isEmpty()) {
            return TOO_COMPLEX;
        }
        Diagnostic<?> first = errors.get(0);
        StringBuilder message = new StringBuilder(first.getMessage(Locale.ENGLISH));
        for (Diagnostic<?> one : errors.subList(1, errors.size())) {
            message.append("\nline ").append(one.getLineNumber()).append(": ").append(one.getMessage(Locale.ENGLISH));
        }
        String place = "";
        if (first.getPosition() != Diagnostic.NOPOS) {
            // The compiler's own columns count a tab as eight.
            int at = (int) Math.min(first.getPosition(), source.length());
            int column = source.codePointCount(source.lastIndexOf('\n', at - 1) + 1, at) + 1;
            place = ", \"line\": " + first.getLineNumber() + ", \"column\": " + column;
        }
        return "{\"message\": " + Json.quoted(message.toString()) + place + "}";
    }

    /** The source as a file that may hold a public class of any name. */
    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String text) {
            super(URI.create("memory:///solution.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreErrors) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return kind == Kind.SOURCE;
        }
    }

    /** The platform's classes to read, memory to write, and nothing else: no class path, no source path. */
    private static final class Memory extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written = new LinkedHashMap<>();

        Memory(JavaFileManager platform) {
            super(platform);
        }

        @Override
        public Iterable<JavaFileObject> list(Location where, String name, Set<JavaFileObject.Kind> kinds, boolean deep)
                throws IOException {
            boolean foreign = where == StandardLocation.CLASS_PATH || where == StandardLocation.SOURCE_PATH;
            return foreign ? List.of() : super.list(where, name, kinds, deep);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(Location where, String name, JavaFileObject.Kind kind, FileObject from) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            written.put(name, bytes);
            return new SimpleJavaFileObject(URI.create("memory:///class"), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return bytes;
                }
            };
        }

        /** As {@link Program} reads them. */
        byte[] classes() throws IOException {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(all);
            out.writeInt(written.size());
            for (Map.Entry<String, ByteArrayOutputStream> one : written.entrySet()) {
                out.writeUTF(one.getKey());
                out.writeInt(one.getValue().size());
                one.getValue().writeTo(out);
            }
            return all.toByteArray();
        }
    }
}
