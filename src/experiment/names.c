/* Names for experiments that nobody named: an adjective and an animal, easy to say and to type. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/experiment/experiment.h"

static const char *const adjectives[] = {
    "able",   "agile",  "amber",  "ample", "azure",  "balmy",   "bold",   "bonny",  "brave",
    "breezy", "brief",  "bright", "brisk", "broad",  "calm",    "candid", "canny",  "chief",
    "civil",  "classy", "clean",  "clear", "clever", "cosmic",  "cosy",   "crisp",  "dandy",
    "dapper", "daring", "deep",   "deft",  "dewy",   "eager",   "early",  "earthy", "easy",
    "elder",  "exact",  "fair",   "famed", "fancy",  "fast",    "fine",   "firm",   "fleet",
    "fluent", "fond",   "frank",  "free",  "fresh",  "frosty",  "gentle", "giant",  "glad",
    "golden", "good",   "grand",  "great", "green",  "handy",   "happy",  "hardy",  "hearty",
    "honest", "humble", "ideal",  "jolly", "jovial", "keen",    "kind",   "large",  "lasting",
    "lively", "loyal",  "lucid",  "lucky", "lunar",  "mellow",  "merry",  "mighty", "modest",
    "neat",   "nimble", "noble",  "novel", "open",   "patient", "placid", "plucky", "polite",
    "prime",  "prompt", "proud",  "quick", "quiet",  "rapid",   "ready",  "regal",  "robust",
    "rosy",   "sage",   "serene", "sharp", "shiny",  "silent",  "silky",  "simple", "smart",
    "smooth", "snug",   "solar",  "solid", "spry",   "stable",  "steady", "stout",  "sunny",
    "sure",   "swift",  "tender", "tidy",  "topaz",  "tough",   "true",   "trusty", "upbeat",
    "valid",  "vast",   "vivid",  "warm",  "wary",   "wise",    "witty",  "young",  "zesty"};

static const char *const animals[] = {
    "adder",   "alpaca",   "ape",    "auk",     "badger",  "bat",     "bear",    "beaver",
    "bee",     "beetle",   "bison",  "boar",    "buffalo", "bunting", "camel",   "canary",
    "caribou", "carp",     "cat",    "cheetah", "chough",  "civet",   "clam",    "cobra",
    "cod",     "condor",   "coot",   "coyote",  "crab",    "crane",   "cricket", "crow",
    "cuckoo",  "curlew",   "deer",   "dingo",   "dipper",  "dolphin", "dove",    "duck",
    "eagle",   "eel",      "egret",  "eider",   "elk",     "emu",     "falcon",  "ferret",
    "finch",   "fox",      "frog",   "gannet",  "gecko",   "gibbon",  "goat",    "goose",
    "grouse",  "gull",     "hare",   "hawk",    "heron",   "hoopoe",  "hornet",  "horse",
    "hyena",   "ibex",     "ibis",   "iguana",  "jackal",  "jaguar",  "jay",     "kestrel",
    "kite",    "kiwi",     "koala",  "lark",    "lemur",   "leopard", "linnet",  "lion",
    "llama",   "lobster",  "loon",   "lynx",    "magpie",  "mallard", "marmot",  "marten",
    "merlin",  "mink",     "mole",   "moose",   "moth",    "mouse",   "mule",    "newt",
    "ocelot",  "okapi",    "oryx",   "osprey",  "otter",   "owl",     "ox",      "panda",
    "parrot",  "perch",    "petrel", "pigeon",  "pike",    "pipit",   "plover",  "pony",
    "puffin",  "puma",     "quail",  "rabbit",  "raven",   "robin",   "rook",    "salmon",
    "seal",    "shrew",    "shrike", "skua",    "sloth",   "snail",   "snipe",   "sparrow",
    "squid",   "starling", "stoat",  "stork",   "swallow", "swan",    "swift",   "tapir",
    "tern",    "thrush",   "tiger",  "toad",    "toucan",  "trout",   "turtle",  "viper",
    "vole",    "wagtail",  "walrus", "warbler", "weasel",  "whale",   "wolf",    "wombat",
    "wren",    "yak",      "zebra"};

#define ADJECTIVES_COUNT (sizeof(adjectives) / sizeof(adjectives[0]))
#define ANIMALS_COUNT (sizeof(animals) / sizeof(animals[0]))
#define TRIES 100

void rmv_experiment_names_free(struct rmv_experiment_names *names)
{
    rmv_map_free(&names->taken);
}

const struct rmv_error *rmv_experiment_names_read(struct rmv_workspace *workspace,
                                                  struct rmv_experiment_names *names)
{
    RMV_CLEANUP(rmv_vcs_references_free) struct rmv_vcs_references references = {0};
    const struct rmv_error *err =
        rmv_vcs_find_references(workspace->vcs, RMV_EXPERIMENT_REFERENCES, &references);
    for (size_t i = 0; i < references.count; i++)
        rmv_map_set(&names->taken, rmv_path_name(references.items[i].name), names);
    return err;
}

static uint64_t random_number(void)
{
    uint64_t number;
    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        number = (uint64_t)rmv_time_now_ns() * UINT64_C(0x9e3779b97f4a7c15);
    return number;
}

char *rmv_experiment_names_invent(struct rmv_experiment_names *names)
{
    for (size_t i = 0;; i++) {
        const uint64_t number = random_number();
        const char *adjective = adjectives[number % ADJECTIVES_COUNT];
        const char *animal = animals[number / ADJECTIVES_COUNT % ANIMALS_COUNT];
        RMV_CLEANUP(rmv_str_free)
        char *name = i < TRIES ? rmv_str_format("%s-%s", adjective, animal)
                               : rmv_str_format("%s-%s-%zu", adjective, animal, i);
        if (rmv_map_find(&names->taken, name))
            continue;
        rmv_map_set(&names->taken, name, names);
        return rmv_str_copy(name);
    }
}
