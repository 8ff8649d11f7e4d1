package duel;

import java.io.DataInputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;

/** The method that a challenge asks for: its declared types, and the player's method once it is found. */
final class Function {
    private final String name;
    private final Type[] parameters;
    private final Type returns;
    private Method method;
    private Constructor<?> constructor;

    /** Name, declared types of parameters and answer. */
    Function(String name, DataInputStream in) throws IOException {
        this.name = name;
        parameters = new Type[in.readInt()];
        for (int i = 0; i < parameters.length; i++) {
            parameters[i] = Type.parse(in.readUTF());
        }
        returns = Type.parse(in.readUTF());
    }

    /** Whether a class of the program has the method, with these very types; static, or of a class with a plain constructor. */
    boolean find(Program program) throws ReflectiveOperationException {
        for (Class<?> one : program.classes("Solution")) {
            for (Method candidate : one.getDeclaredMethods()) {
                if (fits(candidate)) {
                    candidate.setAccessible(true);
                    method = candidate;
                    return Modifier.isStatic(candidate.getModifiers()) || hasConstructor(one);
                }
            }
        }
        return false;
    }

    private boolean fits(Method candidate) {
        java.lang.reflect.Type[] types = candidate.getGenericParameterTypes();
        boolean fits = candidate.getName().equals(name)
                && types.length == parameters.length
                && returns.raw.isAssignableFrom(candidate.getReturnType());
        for (int i = 0; fits && i < types.length; i++) {
            fits = types[i].getTypeName().equals(parameters[i].name);
        }
        return fits;
    }

    private boolean hasConstructor(Class<?> one) {
        try {
            constructor = one.getDeclaredConstructor();
            constructor.setAccessible(true);
            return !Modifier.isAbstract(one.getModifiers());
        } catch (NoSuchMethodException none) {
            return false;
        }
    }

    /** Runs what the class does when it is first used: now, and not within the first case. */
    void initialise() throws ClassNotFoundException {
        Class<?> one = method.getDeclaringClass();
        Class.forName(one.getName(), true, one.getClassLoader());
    }

    /** Calls it with a JSON list of arguments and gives the answer as JSON. Throws what the player's code throws. */
    String call(String arguments) throws Throwable {
        Json in = new Json(arguments);
        Object[] values = new Object[parameters.length];
        in.expect('[');
        for (int i = 0; i < values.length; i++) {
            values[i] = parameters[i].read(in);
            in.take(',');
        }
        StringBuilder out = new StringBuilder();
        try {
            // An object of its own for each case, as if it were the first.
            returns.write(method.invoke(constructor == null ? null : constructor.newInstance(), values), out);
        } catch (InvocationTargetException error) {
            throw error.getCause();
        }
        return out.toString();
    }
}
