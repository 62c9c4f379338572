// The small server on the HTTP server of the JDK; it prints its port. Written from what the documents say alone.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;

public class Server {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Set<String> ACCESS = ConcurrentHashMap.newKeySet();
    private static final Set<String> REFRESH = ConcurrentHashMap.newKeySet();
    private static final String ID = "7b1c4a52-3f0e-4d0c-9a55-2c6d5e1f0a11";
    private static final String ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    private static final Set<String> REGIONS =
            Set.of("worldwide", "germany", "china", "usgovcommunity", "usgovdefence");
    record Reply(int status, String body) {}

    static Reply refuse(int status, String message) {
        return new Reply(status, "{\"message\":\"" + message + "\"}");
    }

    static Reply code() {
        StringBuilder code = new StringBuilder();
        for (int at = 0; at < 9; at++) code.append(ALPHABET.charAt(RANDOM.nextInt(32)));
        String url = "https://microsoft.com/devicelogin";
        return new Reply(200, "{\"userCode\":\"" + code + "\",\"verificationUrl\":\"" + url + "\",\"expiresIn\":900,"
                + "\"message\":\"To sign in, open " + url + " and enter the code " + code + " to authenticate.\"}");
    }

    /** The members of a JSON text; IllegalArgumentException for another text, and for one of more than 64 levels. */
    static class Json {
        private final String text;
        private int at = 0;

        Json(String text) {
            this.text = text;
        }

        Object whole() {
            Object value = value(0);
            if (peek() != 0) throw new IllegalArgumentException("more behind it");
            return value;
        }

        private char peek() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
            return at < text.length() ? text.charAt(at) : 0;
        }

        private void take(char wanted) {
            if (peek() != wanted) throw new IllegalArgumentException("not JSON");
            at++;
        }

        private boolean more(char end) {
            if (peek() == ',') {
                at++;
                return true;
            }
            take(end);
            return false;
        }

        private Object value(int depth) {
            if (depth > 64) throw new IllegalArgumentException("too deep");
            char first = peek();
            if (first == '"') return string();
            if (first == '{') {
                Map<String, Object> members = new HashMap<>();
                at++;
                if (peek() == '}') at++;
                else do {
                    peek();
                    String name = string();
                    take(':');
                    members.put(name, value(depth + 1));
                } while (more('}'));
                return members;
            }
            if (first == '[') {
                at++;
                if (peek() == ']') at++;
                else do value(depth + 1); while (more(']'));
                return List.of();
            }
            int from = at;
            while (at < text.length() && ",]}: \t\r\n".indexOf(text.charAt(at)) < 0) at++;
            String word = text.substring(from, at);
            if (!word.matches("true|false|null|-?[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?"))
                throw new IllegalArgumentException("not JSON");
            return word.equals("null") ? null : Boolean.TRUE;
        }

        private String string() {
            take('"');
            StringBuilder found = new StringBuilder();
            while (at < text.length() && text.charAt(at) != '"') {
                char next = text.charAt(at++);
                if (next != '\\') {
                    found.append(next);
                } else if (at < text.length() && text.charAt(at) == 'u' && at + 5 <= text.length()) {
                    found.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 5;
                } else if (at < text.length()) {
                    found.append(text.charAt(at++));
                }
            }
            take('"');
            return found.toString();
        }
    }

    static Reply codeFor(String body) {
        Object value;
        try {
            value = new Json(body).whole();
        } catch (IllegalArgumentException mistake) {
            return refuse(400, "The body is no JSON.");
        }
        Object region = value instanceof Map<?, ?> members ? members.get("targetRegion") : null;
        boolean known = region instanceof String name && REGIONS.contains(name.toLowerCase(Locale.ROOT));
        return known ? code() : refuse(400, "The region is not known.");
    }

    static String secret() {
        byte[] bytes = new byte[48];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    static Reply token(String body) {
        Map<String, String> form = new HashMap<>();
        for (String field : body.split("&")) {
            String[] pair = field.split("=", 2);
            if (pair.length == 2) form.put(pair[0], URLDecoder.decode(pair[1], StandardCharsets.UTF_8));
        }
        boolean good;
        switch (form.getOrDefault("grant_type", "")) {
            case "password" -> good = "administrator".equals(form.get("username"))
                    && "a long enough password".equals(form.get("password"));
            case "refresh_token" -> good = REFRESH.remove(form.getOrDefault("refresh_token", ""));
            default -> {
                return new Reply(400, "{\"error\":\"unsupported_grant_type\"}");
            }
        }
        if (!good) return new Reply(400, "{\"error\":\"invalid_grant\"}");
        String access = secret(), refresh = secret();
        ACCESS.add(access);
        REFRESH.add(refresh);
        return new Reply(200, "{\"access_token\":\"" + access + "\",\"token_type\":\"bearer\",\"expires_in\":3600,"
                + "\"refresh_token\":\"" + refresh + "\"}");
    }

    static String organization(String host) {
        return "{\"id\":\"" + ID + "\",\"name\":\"contoso.onmicrosoft.com\",\"region\":\"Worldwide\","
                + "\"_links\":{\"self\":{\"href\":\"http://" + host + "/v4/Organizations/" + ID + "\"}}}";
    }

    static Reply answer(HttpExchange exchange, String body) {
        String path = exchange.getRequestURI().getPath().toLowerCase(Locale.ROOT);
        String method = exchange.getRequestMethod(), host = exchange.getRequestHeaders().getFirst("Host");
        if (path.equals("/v4/token")) return method.equals("POST") ? token(body) : refuse(405, "POST is wanted.");
        String of = "/v4/organizations/", code = "/devicecode", restore = "/v4/restoresessions/";
        boolean single = path.startsWith(of) && path.indexOf('/', of.length()) < 0;
        boolean singleCode = path.startsWith(of) && path.endsWith(code) && path.length() > of.length() + code.length();
        boolean restoring = path.startsWith(restore) && path.endsWith("/organization/restoredevicecode");
        boolean known = List.of("/v4/serviceinstance", "/v4/organizations", "/v4/devicecode").contains(path);
        if (!known && !single && !singleCode && !restoring) return refuse(404, "There is nothing here.");
        String given = exchange.getRequestHeaders().getFirst("Authorization");
        boolean bearer = given != null && given.regionMatches(true, 0, "Bearer ", 0, 7);
        if (!bearer || !ACCESS.contains(given.substring(7))) return refuse(401, "A token is wanted.");
        boolean posted = singleCode || restoring || path.equals("/v4/devicecode");
        if (!method.equals(posted ? "POST" : "GET")) return refuse(405, "This method is not served here.");
        if (restoring) return refuse(404, "No session.");
        if (path.equals("/v4/serviceinstance")) return new Reply(200, "{\"version\":\"4.0.0.2812\"}");
        if (path.equals("/v4/organizations")) return new Reply(200, "[" + organization(host) + "]");
        if (path.equals("/v4/devicecode")) return codeFor(body);
        String id = path.substring(of.length(), singleCode ? path.length() - code.length() : path.length());
        if (!id.equals(ID)) return refuse(404, "There is no such organization.");
        return singleCode ? code() : new Reply(200, organization(host));
    }

    static void handle(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        Reply reply = answer(exchange, body);
        byte[] bytes = reply.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json;charset=UTF-8");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(reply.status(), head ? -1 : bytes.length);
        if (!head) exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    public static void main(String[] arguments) throws IOException {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server = HttpServer.create(any, 64);
        server.createContext("/", Server::handle);
        server.setExecutor(Executors.newCachedThreadPool());
        server.start();
        System.out.println(server.getAddress().getPort());
    }
}
