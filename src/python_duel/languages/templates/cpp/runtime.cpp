// Linked into every C++ program: frames on descriptor 3, exceptions that nobody caught, memory that ran out.
// Whatever is sent from here is a claim: the judge trusts none of it.
#include <cxxabi.h>
#include <unistd.h>

namespace duel_runtime {
namespace {

constexpr int channel = 3;
constexpr std::size_t longest_answer = 1 << 20, longest_text = 1000;
bool in_call = false, out_of_memory = false;
std::string received;

void put(const char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t done = ::write(channel, data, size);
        if (done <= 0) return;
        data += done;
        size -= static_cast<std::size_t>(done);
    }
}

void put_header(std::size_t size) {
    const char header[4] = {char(size >> 24), char(size >> 16), char(size >> 8), char(size)};
    put(header, sizeof header);
}

void send(std::string_view message) {
    put_header(message.size());
    put(message.data(), message.size());
}

bool get(char* data, std::size_t size) {
    while (size > 0) {
        const ssize_t done = ::read(channel, data, size);
        if (done <= 0) return false;
        data += done;
        size -= static_cast<std::size_t>(done);
    }
    return true;
}

void flush() {
    std::cout.flush();
    std::cerr.flush();
    std::clog.flush();
    std::fflush(nullptr);
}

// The length of the UTF-8 sequence at `at`, 0 when there is none.
std::size_t sequence(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
    const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first < 0xE0) return tail(1) ? 2 : 0;
    if (first >= 0xE0 && first < 0xF0) {
        const bool shorter = first == 0xE0 && second < 0xA0, surrogate = first == 0xED && second >= 0xA0;
        return tail(1) && tail(2) && !shorter && !surrogate ? 3 : 0;
    }
    const bool outside = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
    return first >= 0xF0 && first < 0xF5 && tail(1) && tail(2) && tail(3) && !outside ? 4 : 0;
}

void write_escaped(std::string& out, unsigned char byte) {
    const char* digits = "0123456789abcdef";
    if (byte == '"' || byte == '\\') {
        out += '\\';
        out += static_cast<char>(byte);
    } else if (byte < 0x20) {
        out += "\\u00";
        out += digits[byte >> 4];
        out += digits[byte & 15];
    } else {
        out += static_cast<char>(byte);
    }
}

// As JSON; false when it is no UTF-8, of which each wrong byte became a question mark.
bool quote(std::string& out, std::string_view text) {
    bool right = true;
    out += '"';
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = sequence(text, at);
        if (size == 1) write_escaped(out, static_cast<unsigned char>(text[at]));
        else if (size > 1) out.append(text, at, size);
        else out += '?', right = false;
        at += size > 0 ? size : 1;
    }
    out += '"';
    return right;
}

std::string type_of(const std::type_info* type) {
    int status = 0;
    char* name = type ? abi::__cxa_demangle(type->name(), nullptr, nullptr, &status) : nullptr;
    std::string found = name && status == 0 ? name : "an exception";
    std::free(name);
    for (const std::string inner : {"__cxx11::", "__1::"})  // how this library calls its own
        for (std::size_t at; (at = found.find(inner)) != std::string::npos;) found.erase(at, inner.size());
    return found.substr(0, 200);
}

void tell(const char* kind, std::string type, std::string text) {
    std::string message = std::string("{\"") + kind + "\":{\"line\":null,\"type\":";
    text = text.empty() ? type : type + ": " + text.substr(0, longest_text);
    quote(message, type == "std::bad_alloc" ? "MemoryError" : type);
    message += ",\"text\":";
    quote(message, text + "\n");
    send(message + "}}");
}

// Needs no memory: there is none.
void tell_no_memory(const char* kind) {
    constexpr std::string_view rest = "\":{\"line\":null,\"type\":\"MemoryError\",\"text\":\"std::bad_alloc\\n\"}}";
    put_header(2 + std::strlen(kind) + rest.size());
    put("{\"", 2);
    put(kind, std::strlen(kind));
    put(rest.data(), rest.size());
}

// Says which exception is being handled.
void tell_current(const char* kind) noexcept {
    try {
        try {
            throw;
        } catch (const Unfit& unfit) {
            send(std::string("{\"unfit\":\"") + unfit.sentence + "\"}");
        } catch (const std::exception& error) {
            tell(kind, type_of(&typeid(error)), error.what());
        } catch (const std::string& text) {
            tell(kind, "std::string", text);
        } catch (const char* text) {
            tell(kind, "const char*", text);
        } catch (int number) {
            tell(kind, "int", std::to_string(number));
        } catch (...) {
            tell(kind, type_of(abi::__cxa_current_exception_type()), "");
        }
    } catch (...) {
        tell_no_memory(kind);
    }
}

const char* kind_now() { return in_call ? "error" : "fatal"; }

[[noreturn]] void on_terminate() noexcept {
    flush();
    if (std::current_exception()) tell_current(kind_now());
    else tell(kind_now(), "std::terminate", "");
    _exit(1);
}

// Before any of the player's own objects is made.
__attribute__((constructor(101))) void begin() { std::set_terminate(on_terminate); }

}  // namespace

char Reader::next() {
    while (at < end && (*at == ' ' || *at == ',' || *at == ':' || *at == '\n')) ++at;
    return at < end ? *at : '\0';
}

bool Reader::more(char close) {
    if (next() != close) return at < end;
    ++at;
    return false;
}

bool Reader::null() {
    if (next() != 'n') return false;
    at += 4;
    return true;
}

bool Reader::boolean() {
    const bool value = next() == 't';
    at += value ? 4 : 5;
    return value;
}

long long Reader::integer() {
    next();
    long long value = 0;
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc()) throw Unfit{"an argument is no number that long long can hold"};
    at = stop;
    return value;
}

double Reader::real() {
    next();
    double value = 0;
    at = std::from_chars(at, end, value).ptr;
    return value;
}

unsigned Reader::escaped() {
    unsigned value = 0;
    std::from_chars(at, std::min(at + 4, end), value, 16);
    at += 4;
    return value;
}

std::string Reader::text() {
    std::string found;
    next();
    for (++at; at < end && *at != '"';) {
        const char* plain = at;
        while (at < end && *at != '"' && *at != '\\') ++at;
        found.append(plain, at);
        if (at >= end || *at == '"') break;
        const char kind = at[1];
        at += 2;
        if (kind != 'u') {
            const char *names = "bfnrt", *name = std::strchr(names, kind);
            found += name ? "\b\f\n\r\t"[name - names] : kind;
            continue;
        }
        unsigned code = escaped();
        if (code >= 0xD800 && code < 0xDC00 && at + 6 <= end) {
            at += 2;
            code = 0x10000 + ((code - 0xD800) << 10) + (escaped() - 0xDC00);
        }
        if (code < 0x80) {
            found += static_cast<char>(code);
            continue;
        }
        if (code < 0x800) {
            found += static_cast<char>(0xC0 | code >> 6);
        } else {
            if (code < 0x10000) {
                found += static_cast<char>(0xE0 | code >> 12);
            } else {
                found += static_cast<char>(0xF0 | code >> 18);
                found += static_cast<char>(0x80 | (code >> 12 & 0x3F));
            }
            found += static_cast<char>(0x80 | (code >> 6 & 0x3F));
        }
        found += static_cast<char>(0x80 | (code & 0x3F));
    }
    ++at;
    return found;
}

void write(std::string& out, long long value) {
    char digits[24];
    out.append(digits, std::to_chars(digits, std::end(digits), value).ptr);
}

void write(std::string& out, double value) {
    if (!std::isfinite(value)) throw Unfit{"the answer holds a number that is not finite"};
    char digits[40];
    const std::string_view text(digits, std::to_chars(digits, std::end(digits), value).ptr - digits);
    out += text;
    if (text.find_first_of(".e") == text.npos) out += ".0";
}

void write(std::string& out, const std::string& value) {
    if (!quote(out, value)) throw Unfit{"the answer holds a text that is not UTF-8"};
}

Reader next_case() {
    in_call = false;
    flush();
    unsigned char header[4];
    if (!get(reinterpret_cast<char*>(header), sizeof header)) _exit(0);
    received.resize(std::size_t(header[0]) << 24 | header[1] << 16 | header[2] << 8 | header[3]);
    if (!get(received.data(), received.size())) _exit(0);
    in_call = true;
    return {received.data(), received.data() + received.size()};
}

void answer(const std::string& json) {
    flush();
    if (json.size() > longest_answer) {
        send("{\"too_long\":true}");
        return;
    }
    std::string message = "{\"answer\":";
    quote(message, json);
    send(message + "}");
}

void failed() {
    flush();
    tell_current("error");
}

}  // namespace duel_runtime

// A failed allocation is told, so that a crash which follows from it is no mystery.
static void* checked(void* memory, std::size_t size) {
    using namespace duel_runtime;
    if (memory == nullptr && size != 0 && !out_of_memory) {
        out_of_memory = true;
        send("{\"memory\":true}");
    }
    return memory;
}

extern "C" {
void* __real_malloc(std::size_t);
void* __real_calloc(std::size_t, std::size_t);
void* __real_realloc(void*, std::size_t);
void* __real_aligned_alloc(std::size_t, std::size_t);
void* __wrap_malloc(std::size_t size) { return checked(__real_malloc(size), size); }
void* __wrap_calloc(std::size_t count, std::size_t size) { return checked(__real_calloc(count, size), count * size); }
void* __wrap_realloc(void* old, std::size_t size) { return checked(__real_realloc(old, size), size); }
void* __wrap_aligned_alloc(std::size_t fit, std::size_t size) { return checked(__real_aligned_alloc(fit, size), size); }

// Its signal cannot be sent here.
[[noreturn]] void __wrap_abort() {
    using namespace duel_runtime;
    flush();
    if (out_of_memory) tell_no_memory(kind_now());
    else tell(kind_now(), "std::abort", "the program ended itself, as a failed assert does");
    _exit(134);
}
}
