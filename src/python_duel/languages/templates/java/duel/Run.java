package duel;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import jdk.internal.access.SharedSecrets;

/**
 * Runs one program of a player: started ahead, waits for its job on descriptor 3. Nothing here is trusted by the parent:
 * a program can reach this code and forge what it sends, and so gains nothing but the right to answer.
 */
public final class Run {
    private static final int OUTPUT_BUFFER_BYTES = 1 << 16;
    /** After the hooks that a program may have set, so that what these print is not lost. */
    private static final int LAST_SHUTDOWN_STEP = 9;

    private static final byte[] NO_ROOM_FOR_ERROR = Failure.outOfMemory("error");
    private static final byte[] NO_ROOM_FOR_FATAL = Failure.outOfMemory("fatal");
    private static final byte[] READY = Channel.framed("{\"ready\": true}");
    private static final byte[] TOO_LONG = Channel.framed("{\"too_long\": true}");

    private final Channel channel = new Channel();
    private final PrintStream out = stream(FileDescriptor.out, OUTPUT_BUFFER_BYTES, false);
    private final PrintStream err = stream(FileDescriptor.err, 1, true);

    /** The argument: bytes of stack for the program's main thread. */
    public static void main(String[] arguments) {
        Run run = new Run();
        new Thread(null, run::serve, "main", Long.parseLong(arguments[0])).start();
    }

    private static PrintStream stream(FileDescriptor descriptor, int bufferBytes, boolean flush) {
        FileOutputStream raw = new FileOutputStream(descriptor);
        return new PrintStream(new BufferedOutputStream(raw, bufferBytes), flush, StandardCharsets.UTF_8);
    }

    private void serve() {
        try {
            warmUp();
            job(channel.read());
        } catch (EOFException nobodyThere) {
            Runtime.getRuntime().halt(0);
        } catch (IOException | ReflectiveOperationException | LinkageError broken) {
            refuse("This program cannot be loaded: " + broken);
        }
    }

    private void job(byte[] data) throws IOException, ReflectiveOperationException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(data));
        int outputBytes = in.readInt();
        String wanted = in.readUTF();
        String name = in.readUTF();
        Function function = name.isEmpty() ? null : new Function(name, in);
        Program program = new Program(in);
        Method main = function == null ? program.main() : null;
        if (main == null && (function == null || !function.find(program))) {
            refuse("There is no `" + wanted + "`: keep it as the starter code has it.");
        }
        System.setOut(out);
        System.setErr(err);
        Thread.currentThread().setContextClassLoader(program);
        SharedSecrets.getJavaLangAccess().registerShutdownHook(LAST_SHUTDOWN_STEP, true, out::flush);
        channel.send(READY);
        byte[] first = channel.read(); // the parent's clock starts with it
        if (function == null) {
            script(main);
        } else {
            calls(function, first, outputBytes);
        }
    }

    private void refuse(String sentence) {
        try {
            channel.send(Channel.framed("{\"refused\": {\"kind\": \"syntax\", \"message\": " + Json.quoted(sentence)
                    + ", \"line\": null, \"column\": null}}"));
        } catch (IOException gone) {
            // Nobody wants to know.
        }
        Runtime.getRuntime().halt(0);
    }

    /** The source as a program. When `main` returns, other threads go on as they would anywhere. */
    private void script(Method main) throws IOException {
        try {
            main.invoke(null, (Object) new String[0]);
        } catch (InvocationTargetException error) {
            end(error.getCause());
        } catch (Throwable error) {
            end(error);
        }
    }

    private void end(Throwable error) throws IOException {
        flush();
        channel.send(error instanceof OutOfMemoryError ? NO_ROOM_FOR_FATAL : Failure.framed("fatal", error));
        Runtime.getRuntime().halt(1);
    }

    private void calls(Function function, byte[] first, int outputBytes) throws IOException {
        try {
            function.initialise();
        } catch (Throwable error) {
            end(error);
        }
        for (byte[] arguments = first; ; arguments = channel.read()) {
            byte[] answer = answer(function, arguments, outputBytes);
            flush();
            channel.send(answer);
        }
    }

    private byte[] answer(Function function, byte[] arguments, int outputBytes) {
        try {
            String value = function.call(new String(arguments, StandardCharsets.UTF_8));
            return value.length() > outputBytes ? TOO_LONG : Channel.framed("{\"answer\": " + Json.quoted(value) + "}");
        } catch (Type.Unfit problem) {
            return Channel.framed("{\"unfit\": " + Json.quoted(problem.getMessage()) + "}");
        } catch (OutOfMemoryError error) {
            return NO_ROOM_FOR_ERROR;
        } catch (Throwable error) {
            return Failure.framed("error", error);
        }
    }

    private void flush() {
        try {
            System.out.flush(); // the program may have put another stream in place
        } catch (Throwable error) {
            // Then it has lost what it printed there.
        }
        out.flush();
        err.flush();
    }

    /** Loads, ahead of the job, the classes that it will need. */
    private void warmUp() throws IOException {
        StringBuilder text = new StringBuilder();
        Type type = Type.parse("dict[str, list[float | None]] | None");
        try {
            type.write(type.read(new Json("{\"\\u0041\": [1.5, null]}")), text);
        } catch (Type.Unfit never) {
            throw new AssertionError(never);
        }
        Failure.framed("error", new ArithmeticException("warm"));
        out.print(""); // its encoder
        new DataInputStream(new ByteArrayInputStream(new byte[4])).readInt();
    }
}
