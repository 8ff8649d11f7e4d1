#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

using namespace std;

// A number of any length, its digits from the last to the first, nine at a time.
struct Big {
    vector<long long> parts{0};
    static constexpr long long BASE = 1'000'000'000;

    void carry() {
        long long over = 0;
        for (auto& part : parts) {
            part += over;
            over = part / BASE;
            part %= BASE;
        }
        if (over) parts.push_back(over);
    }

    void add_times(const Big& other, long long times) {
        parts.resize(max(parts.size(), other.parts.size()));
        for (size_t i = 0; i < other.parts.size(); i++) parts[i] += times * other.parts[i];
        carry();
    }

    void increase() {
        parts[0]++;
        carry();
    }

    string text() const {
        string all;
        for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
            string digits = to_string(*part);
            all += string(9 - digits.size(), '0') + digits;
        }
        size_t first = all.find_first_not_of('0');
        return first == string::npos ? "0" : all.substr(first);
    }
};

struct Level {
    Big letters, ks;
    long long times = 1;
};

int main() {
    string script;
    getline(cin, script);
    vector<Level> levels(1);
    long long number = 0;
    for (char c : script) {
        if (isdigit(c)) {
            number = number * 10 + (c - '0');
        } else if (c == '(') {
            levels.push_back({{}, {}, number});
            number = 0;
        } else if (c == ')') {
            Level inner = levels.back();
            levels.pop_back();
            levels.back().letters.add_times(inner.letters, inner.times);
            levels.back().ks.add_times(inner.ks, inner.times);
        } else if (isalpha(c)) {
            levels.back().letters.increase();
            if (c == 'k') levels.back().ks.increase();
        }
    }
    cout << levels[0].letters.text() << " " << levels[0].ks.text() << "\n";
}
