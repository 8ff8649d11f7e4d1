// expect: WA
// Counts in 64 bits.
#include <iostream>
#include <string>

using namespace std;

string script;
size_t place = 0;

pair<unsigned long long, unsigned long long> say() {
    unsigned long long letters = 0, ks = 0, number = 0;
    for (; place < script.size() && script[place] != ')'; place++) {
        char c = script[place];
        if (isdigit(c)) {
            number = number * 10 + (c - '0');
        } else if (c == '(') {
            place++;
            auto [inner, inner_ks] = say();
            letters += number * inner, ks += number * inner_ks, number = 0;
        } else {
            letters++, ks += c == 'k';
        }
    }
    return {letters, ks};
}

int main() {
    getline(cin, script);
    auto [letters, ks] = say();
    cout << letters << " " << ks << "\n";
}
