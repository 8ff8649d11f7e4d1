// What is in front of every C++ program, compiled ahead: the standard library, and how values of the challenge format
// come in and go out. What needs no template is in runtime.cpp.
#ifndef DUEL_PRELUDE
#define DUEL_PRELUDE
#include <bits/stdc++.h>

namespace duel_runtime {

// Reads one JSON document that the judge wrote.
class Reader {
public:
    Reader(const char* begin, const char* end) : at(begin), end(end) {}
    void open() { next(); ++at; }
    bool more(char close);  // false after the last item, which it then leaves behind
    bool null();
    bool boolean();
    long long integer();
    double real();
    std::string text();

private:
    char next();  // the next character that says something
    unsigned escaped();
    const char *at, *end;
};

// What no JSON can hold.
struct Unfit {
    const char* sentence;
};

void write(std::string& out, long long value);
void write(std::string& out, double value);
void write(std::string& out, const std::string& value);

Reader next_case();  // the end of the process when there is none
void answer(const std::string& json);
void failed();  // in a catch clause: says what was thrown

template <class T> struct As;

template <> struct As<long long> {
    static long long read(Reader& in) { return in.integer(); }
    static void put(std::string& out, long long value) { write(out, value); }
};
template <> struct As<double> {
    static double read(Reader& in) { return in.real(); }
    static void put(std::string& out, double value) { write(out, value); }
};
template <> struct As<bool> {
    static bool read(Reader& in) { return in.boolean(); }
    static void put(std::string& out, bool value) { out += value ? "true" : "false"; }
};
template <> struct As<std::string> {
    static std::string read(Reader& in) { return in.text(); }
    static void put(std::string& out, const std::string& value) { write(out, value); }
};
template <class T> struct As<std::vector<T>> {
    static std::vector<T> read(Reader& in) {
        std::vector<T> found;
        in.open();
        while (in.more(']')) found.push_back(As<T>::read(in));
        return found;
    }
    static void put(std::string& out, const std::vector<T>& values) {
        const char* before = "[";
        for (const auto& value : values) {
            out += before;
            before = ",";
            As<T>::put(out, value);
        }
        out += values.empty() ? "[]" : "]";
    }
};
template <class T> struct As<std::map<std::string, T>> {
    static std::map<std::string, T> read(Reader& in) {
        std::map<std::string, T> found;
        in.open();
        while (in.more('}')) {
            std::string key = in.text();
            found.emplace(std::move(key), As<T>::read(in));
        }
        return found;
    }
    static void put(std::string& out, const std::map<std::string, T>& values) {
        const char* before = "{";
        for (const auto& [key, value] : values) {
            out += before;
            before = ",";
            write(out, key);
            out += ':';
            As<T>::put(out, value);
        }
        out += values.empty() ? "{}" : "}";
    }
};
template <class T> struct As<std::optional<T>> {
    static std::optional<T> read(Reader& in) {
        if (in.null()) return std::nullopt;
        return As<T>::read(in);
    }
    static void put(std::string& out, const std::optional<T>& value) {
        if (value) As<T>::put(out, *value);
        else out += "null";
    }
};

// Whether a function that gives back an Actual answers with a Declared: other sizes of numbers will do.
template <class Declared, class Actual> constexpr bool answers() {
    if constexpr (std::is_same_v<Declared, Actual>) return true;
    else if constexpr (std::is_same_v<Actual, bool> || std::is_same_v<Actual, char>) return false;
    else if constexpr (std::is_same_v<Declared, long long>) return std::is_integral_v<Actual>;
    else if constexpr (std::is_same_v<Declared, double>) return std::is_floating_point_v<Actual>;
    else return false;
}

// Calls `function` once a case until there is no other.
template <class Answer, class... Parameters, class Function> [[noreturn]] void serve(Function function) {
    while (true) {
        Reader in = next_case();
        try {
            in.open();
            std::tuple<Parameters...> arguments{(in.more(']'), As<Parameters>::read(in))...};
            std::string json;
            As<Answer>::put(json, static_cast<Answer>(std::apply(function, arguments)));
            answer(json);
        } catch (...) {
            failed();
        }
    }
}

}  // namespace duel_runtime
#endif
