/* What a program linked with musl sees when it looks up a name. The only file of its image.
 *
 *   resolve NAME [4|6]   one line "family address" per address; else the EAI error's name, exit 1
 *   resolve --conf       prints /etc/resolv.conf
 *   resolve --sleep      keeps the pod alive
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void leave(int signal_number) { (void)signal_number; _exit(0); }

static const char *error_name(int code) {
    switch (code) {
    case EAI_AGAIN: return "EAI_AGAIN";
    case EAI_BADFLAGS: return "EAI_BADFLAGS";
    case EAI_FAIL: return "EAI_FAIL";
    case EAI_FAMILY: return "EAI_FAMILY";
    case EAI_MEMORY: return "EAI_MEMORY";
    case EAI_NODATA: return "EAI_NODATA";
    case EAI_NONAME: return "EAI_NONAME";
    case EAI_OVERFLOW: return "EAI_OVERFLOW";
    case EAI_SERVICE: return "EAI_SERVICE";
    case EAI_SYSTEM: return "EAI_SYSTEM";
    default: return "EAI_UNKNOWN";
    }
}

static int show_configuration(void) {
    char line[4096];
    FILE *file = fopen("/etc/resolv.conf", "r");
    if (!file) {
        perror("/etc/resolv.conf");
        return 1;
    }
    while (fgets(line, sizeof line, file)) fputs(line, stdout);
    fclose(file);
    return 0;
}

static int resolve(const char *name, int family) {
    struct addrinfo hints, *found, *each;
    char address[INET6_ADDRSTRLEN];
    int code;

    memset(&hints, 0, sizeof hints);
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM; /* one line per address, not one per socket type */
    code = getaddrinfo(name, NULL, &hints, &found);
    if (code) {
        puts(error_name(code));
        return 1;
    }
    for (each = found; each; each = each->ai_next) {
        const void *raw = each->ai_family == AF_INET6
            ? (const void *)&((struct sockaddr_in6 *)each->ai_addr)->sin6_addr
            : (const void *)&((struct sockaddr_in *)each->ai_addr)->sin_addr;
        inet_ntop(each->ai_family, raw, address, sizeof address);
        printf("%d %s\n", each->ai_family == AF_INET6 ? 6 : 4, address);
    }
    freeaddrinfo(found);
    return 0;
}

int main(int count, char **words) {
    if (count == 2 && !strcmp(words[1], "--conf")) return show_configuration();
    if (count == 2 && !strcmp(words[1], "--sleep")) {
        signal(SIGTERM, leave);
        signal(SIGINT, leave);
        for (;;) pause();
    }
    if (count == 2 && words[1][0] != '-') return resolve(words[1], AF_UNSPEC);
    if (count == 3 && !strcmp(words[2], "4")) return resolve(words[1], AF_INET);
    if (count == 3 && !strcmp(words[2], "6")) return resolve(words[1], AF_INET6);
    fputs("usage: resolve NAME [4|6] | --conf | --sleep\n", stderr);
    return 2;
}
