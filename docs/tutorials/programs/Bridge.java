// A small bridge from Optimove to Textlocal, with Java 17 or later and Gson.
// --- 1. Webhooks, jobs and time
import com.google.gson.*;
import com.sun.net.httpserver.*;
import java.net.*;
import java.net.http.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.time.*;
import java.time.format.DateTimeFormatter;
import java.util.*;
import java.util.concurrent.*;
import java.util.function.Consumer;
import java.util.regex.*;
import java.util.stream.*;

public class Bridge {
    /** A time is text in UTC, as Optimove writes it: "2026-03-02 09:00:00". */
    record Job(String due, Task task) {}
    interface Task { void run(String now) throws Exception; }

    static final String START = "";
    static final Queue<Job> jobs = new PriorityBlockingQueue<>(11, Comparator.comparing(Job::due));
    static final HttpClient client = HttpClient.newHttpClient();
    static final JsonObject handover = readHandover();
    static final JsonObject optimove = service("optimove"), textlocal = service("textlocal");
    static final int channel = handover.getAsJsonArray("channels").get(0).getAsJsonObject().get("id").getAsInt();
    static final String token = handover.get("webhook_token").getAsString();
    static final String host = handover.getAsJsonObject("listen").get("host").getAsString();
    static final int port = handover.getAsJsonObject("listen").get("port").getAsInt();
    static final String myUrl = "http://" + host + ":" + port + "/" + token;
    static final Map<String, Consumer<String>> webhooks = new HashMap<>(); // the function for each path

    static JsonObject readHandover() {
        try {
            var file = Path.of(System.getenv("SENDPROOF_HANDOVER"));
            return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
        } catch (java.io.IOException error) {
            throw new java.io.UncheckedIOException(error);
        }
    }

    static JsonObject service(String name) {
        return handover.getAsJsonObject("services").getAsJsonObject(name);
    }

    static JsonElement call(String url, String body, String... headers) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url));
        if (headers.length > 0) request.headers(headers);
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body));
        var reply = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (reply.statusCode() > 299)
            throw new IllegalStateException(url + ": " + reply.statusCode() + " " + reply.body());
        return JsonParser.parseString(reply.body());
    }

    static void receive(HttpExchange exchange) throws java.io.IOException {
        var body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        var handle = webhooks.get(exchange.getRequestURI().getPath());
        if (handle != null) handle.accept(body);
        exchange.sendResponseHeaders(handle == null ? 404 : 200, -1);
        exchange.close();
    }

    /** Do all that is due, and return when the next job is due. */
    static String work(String isoNow) throws Exception {
        String now = isoNow.substring(0, 19).replace("T", " ");
        while (!jobs.isEmpty() && jobs.peek().due().compareTo(now) <= 0) jobs.poll().task().run(now);
        return jobs.isEmpty() ? null : jobs.peek().due().replace(" ", "T") + "Z";
    }

    static void liveBy(String clockUrl) throws Exception {
        JsonObject seen = call(clockUrl, null).getAsJsonObject();
        while (true) {
            var parked = new JsonObject();
            parked.addProperty("participant", "bridge");
            parked.addProperty("until", work(seen.get("now").getAsString()));
            parked.add("since", seen.get("delivered"));
            seen = call(clockUrl + "/park", parked.toString(), "Content-Type", "application/json").getAsJsonObject();
        }
    }

    // --- 2. Templates and listener
    static String encode(Map<String, ?> form) {
        return form.entrySet().stream()
            .map(entry -> entry.getKey() + "=" + URLEncoder.encode(entry.getValue().toString(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    }

    static JsonElement toOptimove(String path, Map<String, ?> query, Object body) throws Exception {
        String key = optimove.getAsJsonObject("credentials").get("api_key").getAsString();
        String url = optimove.get("url").getAsString() + "/current/" + path + "?" + encode(query);
        String content = body == null ? null : new Gson().toJson(body);
        return call(url, content, "X-API-KEY", key, "Content-Type", "application/json");
    }

    static JsonObject toTextlocal(String command, Map<String, String> form) throws Exception {
        var fields = new TreeMap<>(form);
        fields.put("apikey", textlocal.getAsJsonObject("credentials").get("apikey").getAsString());
        String url = textlocal.get("url").getAsString() + "/" + command + "/";
        return call(url, encode(fields), "Content-Type", "application/x-www-form-urlencoded").getAsJsonObject();
    }

    static Map<Long, JsonObject> templates() throws Exception {
        return toTextlocal("get_templates", Map.of()).getAsJsonArray("templates").asList().stream()
            .map(JsonElement::getAsJsonObject)
            .collect(Collectors.toMap(template -> template.get("id").getAsLong(), template -> template));
    }

    static void connect(String now) throws Exception {
        var rows = templates().entrySet().stream()
            .map(entry -> Map.of(
                "TemplateID", entry.getKey(), "TemplateName", entry.getValue().get("title").getAsString()))
            .toList();
        toOptimove("integrations/AddChannelTemplates", Map.of("ChannelID", channel), rows);
        var listener = Map.of("EventTypeID", 13, "ChannelID", channel, "ListenerURL", myUrl + "/events");
        toOptimove("general/RegisterEventListener", Map.of(), listener);
    }

    static { jobs.add(new Job(START, Bridge::connect)); }

    // --- 3. The campaign
    static final Pattern PLACEHOLDER = Pattern.compile("%%\\|(\\w+)(?:\\^\\{.*?\\})?%%");
    static final String PHONE = handover.getAsJsonObject("attributes").get("phone").getAsString();
    static final List<Message> messages = new CopyOnWriteArrayList<>();
    static final Map<Integer, FollowUp> followUps = new HashMap<>(); // by minutes after the send time

    interface FollowUp { void run(String now, int campaign, String at) throws Exception; }

    static class Message {
        long template;
        String number, text, at;
        volatile String state; // pending, sent, delivered, failed or dropped
    }

    static void onEvent(String body) {
        var event = new TreeMap<String, JsonElement>(String.CASE_INSENSITIVE_ORDER);
        event.putAll(JsonParser.parseString(body).getAsJsonObject().asMap());
        if (event.get("EventTypeID").getAsInt() == 13)
            jobs.add(new Job(START, now -> readPage(event.get("CampaignID").getAsInt(), 0)));
    }

    static void readPage(int campaign, int skip) throws Exception {
        var templates = templates();
        var names = new ArrayList<>(List.of(PHONE));
        for (var template : templates.values())
            PLACEHOLDER.matcher(template.get("body").getAsString()).results()
                .map(match -> match.group(1)).filter(name -> !names.contains(name)).forEach(names::add);
        var query = Map.of("CampaignID", campaign, "ChannelID", channel, "CustomerAttributes", String.join(";", names),
            "$top", 10000, "$skip", skip);
        JsonArray rows = toOptimove("customers/GetCustomerSendDetailsByChannel", query, null).getAsJsonArray();
        var times = new TreeSet<String>();
        for (var element : rows) {
            var row = element.getAsJsonObject();
            var values = new HashMap<String, String>();
            for (int index = 0; index < names.size(); index++) {
                var value = row.getAsJsonArray("CustomerAttributes").get(index);
                values.put(names.get(index), value.isJsonNull() ? "" : value.getAsString());
            }
            var message = new Message();
            message.template = row.get("TemplateID").getAsLong();
            message.text = PLACEHOLDER.matcher(templates.get(message.template).get("body").getAsString())
                .replaceAll(match -> Matcher.quoteReplacement(values.getOrDefault(match.group(1), "")));
            message.number = international(values.get(PHONE));
            message.state = message.number == null ? "dropped" : "pending";
            message.at = row.get("ScheduledTime").getAsString();
            messages.add(message);
            times.add(message.at);
        }
        for (String at : times) {
            jobs.add(new Job(at, now -> send(at)));
            followUps.forEach((minutes, task) ->
                jobs.add(new Job(later(at, minutes), now -> task.run(now, campaign, at))));
        }
        if (rows.size() == 10000) jobs.add(new Job(START, now -> readPage(campaign, skip + 10000)));
    }

    /** Return digits with the country code of Great Britain, or null. */
    static String international(String number) {
        String digits = number.replaceAll("[^\\d+]", "").replaceFirst("^(\\+|00)", "").replaceFirst("^0", "44");
        return digits.matches("447\\d{9}") ? digits : null;
    }

    static String later(String time, int minutes) {
        var format = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss");
        return LocalDateTime.parse(time, format).plusMinutes(minutes).format(format);
    }

    static void send(String at) throws Exception {
        var optedOut = new HashSet<String>();
        for (var row : toTextlocal("get_optouts", Map.of()).getAsJsonArray("optouts"))
            optedOut.add(row.getAsJsonObject().get("number").getAsString());
        var due = messages.stream()
            .filter(message -> message.state.equals("pending") && message.at.equals(at)).toList();
        for (var message : due) message.state = optedOut.contains(message.number) ? "dropped" : "sent";
        var sent = due.stream().filter(message -> message.state.equals("sent")).toList();
        for (int start = 0; start < sent.size(); start += 500) {
            var part = sent.subList(start, Math.min(start + 500, sent.size()));
            var data = new HashMap<String, Object>();
            data.put("messages", part.stream().map(item -> Map.of("number", item.number, "text", item.text)).toList());
            data.put("receiptUrl", myUrl + "/receipts");
            data.put("unicode", part.stream().anyMatch(item -> !item.text.matches("\\p{ASCII}*")));
            if (handover.has("sender")) data.put("sender", handover.get("sender").getAsString());
            toTextlocal("bulk_json", Map.of("data", new Gson().toJson(data)));
        }
    }

    static { webhooks.put("/" + token + "/events", Bridge::onEvent); }

    // --- 4. The reports
    static final Map<Integer, List<String>> METRICS = Map.of(
        0, List.of("sent", "delivered", "failed"), 1, List.of("delivered"),
        5, List.of("dropped"), 9, List.of("failed"));
    static final Map<String, String> STATES = Map.of("D", "delivered", "U", "failed", "I", "failed", "E", "failed");

    static void onReceipt(String body) {
        var form = Arrays.stream(body.split("&")).map(pair -> pair.split("=", 2))
            .collect(Collectors.toMap(pair -> pair[0], pair -> URLDecoder.decode(pair[1], StandardCharsets.UTF_8)));
        String state = STATES.get(form.get("status"));
        for (var message : messages)
            if (state != null && form.get("number").equals(message.number) && message.state.equals("sent"))
                message.state = state;
    }

    static void report(String now, int campaign, String at) throws Exception {
        var items = new ArrayList<Map<String, Object>>();
        for (long template : messages.stream().map(message -> message.template).distinct().toList())
            METRICS.forEach((metric, states) -> items.add(Map.of(
                "ChannelID", channel, "CampaignID", campaign, "TemplateID", template, "MetricID", metric,
                "MetricValue", messages.stream()
                    .filter(message -> message.template == template && states.contains(message.state)).count())));
        toOptimove("integrations/UpdateCampaignMetrics", Map.of(), items);
        String next = later(now, 6 * 60);
        if (next.compareTo(later(at, 7 * 24 * 60)) <= 0) jobs.add(new Job(next, then -> report(then, campaign, at)));
    }

    static {
        webhooks.put("/" + token + "/receipts", Bridge::onReceipt);
        followUps.put(15, Bridge::report);
    }

    // --- 5. Start
    public static void main(String[] arguments) throws Exception {
        var server = HttpServer.create(new InetSocketAddress(host, port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", Bridge::receive);
        server.start();
        liveBy(handover.get("clock_url").getAsString());
    }
}
