package duel;

import java.io.DataInputStream;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The player's classes: defined from bytes, beside the platform's, and out of sight of the harness' own. */
final class Program extends ClassLoader {
    static final String NAME = "solution";

    private final Map<String, byte[]> bytes = new LinkedHashMap<>();

    /** As {@link Compile} writes them: a number, then name, length and bytes of each class. */
    Program(DataInputStream in) throws IOException {
        super(NAME, ClassLoader.getPlatformClassLoader());
        for (int left = in.readInt(); left > 0; left--) {
            bytes.put(in.readUTF(), in.readNBytes(in.readInt()));
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        byte[] data = bytes.get(name);
        if (data == null) {
            throw new ClassNotFoundException(name);
        }
        return defineClass(name, data, 0, data.length);
    }

    /** The classes, not initialised: none of the program has run. The one with the name `first` comes first, then public ones. */
    List<Class<?>> classes(String first) throws ClassNotFoundException {
        List<Class<?>> found = new ArrayList<>();
        for (String name : bytes.keySet()) {
            found.add(Class.forName(name, false, this));
        }
        found.sort((a, b) -> rank(a, first) - rank(b, first));
        return found;
    }

    private static int rank(Class<?> one, String first) {
        return one.getSimpleName().equals(first) ? 0 : Modifier.isPublic(one.getModifiers()) ? 1 : 2;
    }

    /** `public static void main(String[])`; null when no class has it. */
    Method main() throws ClassNotFoundException {
        for (Class<?> one : classes("Main")) {
            for (Method method : one.getDeclaredMethods()) {
                if (isMain(method)) {
                    method.setAccessible(true);
                    return method;
                }
            }
        }
        return null;
    }

    private static boolean isMain(Method method) {
        int wanted = Modifier.PUBLIC | Modifier.STATIC;
        Class<?>[] parameters = method.getParameterTypes();
        return method.getName().equals("main")
                && (method.getModifiers() & wanted) == wanted
                && method.getReturnType() == void.class
                && parameters.length == 1
                && parameters[0] == String[].class;
    }
}
